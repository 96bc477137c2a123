//! What a column's name says: words of exports of SPSS, R, pandas, Qualtrics, SoSci Survey,
//! Unipark, LimeSurvey and MTurk, in the languages in which psychologists name columns.
//!
//! A name alone decides little; [`super::guess`] asks the values too. Only whole words count:
//! `paid` does not end in an id.

/// A name as its words: `ResponseId` and `response_id` are both "response", "id".
#[derive(Debug, Clone)]
pub struct Name {
    words: Vec<String>,
    /// All letters and digits, in lower case.
    whole: String,
    is_empty: bool,
}

/// Words before `id` where both are written as one.
const BEFORE_ID: &str = "answer author case child client comment customer doc document dyad entry essay experiment item loan member message msg p page part \
    participant patient person post proband q question r record resp respondent response review row s sample school sentence session speaker story \
    student study sub subj subject submission t text trial tweet u user v vp worker";
const ID: &str = "guid id identifiant identifier ids kennnummer kennung lfdn uuid";
/// What names a row where its values are all different.
const ROW: &str = "case chiffre code codename doc document fall fallnummer file filename hash key label lfd lfdnr matrikelnummer name nr nummer participant person \
    proband respondent sample serial subject teilnehmer tn token vp vpn vpnr";
/// Words that a code of digits ends in.
const CODE: &str = "ags code fax fips isbn isin mobile nr nummer phone plz postal postcode postleitzahl ssn tel telefon telephone telefono zip zipcode";
const INDEX: &str =
    "index idx level0 row rowid rowname rownames rownum rownumber rows x zeile zeilennummer";
const TEXT: &str = "abstract answer answers antwort antworten antwoord aufsatz aussage begruendung begründung bericht beschreibung body comment comments \
    commentaire comentario commento content desc description diary entry essay essays frase freetext freitext geschichte headline kommentar letter \
    message messages mot mots nachricht narrative note notes offen open palabra palabras parola phrase post posts récit recit relato reply reponse \
    réponse response responses respuesta review reviews risposta satz sätze saetze sentence sentences statement stories story tagebuch tekst testo \
    text texte texto texts title titel transcript tweet tweets txt utterance verbatim verhaal woord word words wort woerter wörter zin";
/// Texts that somebody else wrote, or a form of the text that is made for a machine.
const BESIDE_TEXT: &str = "clean cleaned frage headline instruction instruktion lemma lemmas prompt question stimulus summary tags title titel token tokens url";
const GROUP: &str = "account adolescent author autor blog channel child class classroom client company conversation couple dialog dialogue doc document dyad \
    family group gruppe kanal kind klasse klient paar participant patient person persona proband pupil respondent schueler schule schüler school session \
    speaker sprecher student subj subject subreddit team teacher team thread therapist tn user username vp vpn worker writer";
const FOLD: &str = "cv cvfold fold folds kfold partition split";
const YEAR: &str = "anio année annee año jaar jahr year yr";
const DATE: &str = "created date dates datestamp datetime datum fecha lastdata recorded started submitdate submitted timestamp uhrzeit zeitpunkt zeitstempel";
/// How the survey went rather than what was answered. Whole names.
const PAPERWORK: &str = "answertime browser captcha clickcount completiontime consent dauer degtime device dispcode distributionchannel duration \
    durationinseconds einwilligung elapsed elapsedtime externalreference finished firstclick ip ipaddr ipaddress lastclick lastpage lat \
    latitude locationlatitude locationlongitude lng lon longitude maxpage mode missing missrel operatingsystem os pagesubmit progress questnnr qviewer \
    recipientemail recipientfirstname recipientlastname recaptchascore referer refurl resolution responsetime screenresolution seed startlanguage \
    status submittime timerpagesubmit timersi timesum timespent useragent userlanguage worktime worktimeinseconds zeit time";
const PERSON: &str = "abschluss age alter beruf berufstätigkeit berufstaetigkeit bildung bildungsabschluss birth birthyear bildungsgrad edad education educación einkommen \
    employment ethnicity familienstand geburtsjahr gender geschlecht geslacht handedness händigkeit income jahrgang leeftijd marital \
    muttersprache nationality nationalität race religion schulabschluss semester sesso sex sexe sexo staatsangehörigkeit yob âge";
/// What may stand beside a word about people without changing it.
const BESIDE_PERSON: &str = "in jahre jahren level of status years year yrs";
/// Things that a text has a number of.
const COUNTED: &str = "char character characters chars sentences sentence tokens token wort wörter woerter word words zeichen";
const COUNT: &str = "anzahl count counts length len länge laenge n num number";

fn is_in(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

fn is_group(word: &str) -> bool {
    let bare = word.strip_suffix('s').or_else(|| word.strip_suffix("id"));
    is_in(GROUP, word) || bare.is_some_and(|bare| is_in(GROUP, bare))
}

impl Name {
    /// Splits a name.
    pub fn of(name: &str) -> Self {
        let characters: Vec<char> = name.chars().collect();
        let mut words: Vec<String> = Vec::new();
        let mut is_inside = false;
        for (at, &c) in characters.iter().enumerate() {
            if !c.is_alphanumeric() {
                is_inside = false;
                continue;
            }
            let before = at.checked_sub(1).map(|before| characters[before]);
            let next = characters.get(at + 1);
            // `responseId`, the end of `IPAddress`'s first word, `answer1`.
            let begins = before.is_some_and(|before| {
                c.is_uppercase()
                    && (before.is_lowercase()
                        || next.is_some_and(|next| next.is_lowercase()) && before.is_uppercase())
                    || c.is_numeric() != before.is_numeric()
            });
            match words.last_mut() {
                Some(word) if is_inside && !begins => word.extend(c.to_lowercase()),
                _ => words.push(c.to_lowercase().collect()),
            }
            is_inside = true;
        }
        Self {
            whole: words.concat(),
            is_empty: name.is_empty(),
            words,
        }
    }

    /// One of its words is one of a list.
    pub fn has(&self, list: &str) -> bool {
        self.words.iter().any(|word| is_in(list, word))
    }

    /// Its words, in lower case.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    fn is(&self, list: &str) -> bool {
        is_in(list, &self.whole)
    }

    /// `id` alone.
    pub fn is_exactly_id(&self) -> bool {
        self.whole == "id"
    }

    /// `user_id`, `ResponseId`, `pid`.
    pub fn says_id(&self) -> bool {
        let joined = |word: &String| {
            word.strip_suffix("id")
                .is_some_and(|before| is_in(BEFORE_ID, before))
        };
        self.has(ID) || self.words.iter().any(joined) || joined(&self.whole)
    }

    /// `VP`, `Nr`, `case`, `filename`.
    pub fn says_row(&self) -> bool {
        self.is(ROW)
            || self
                .words
                .last()
                .is_some_and(|word| is_in("code kennung nr nummer vp vpn", word))
    }

    /// The row names of pandas (``, `Unnamed: 0`, `index`, `level_0`) and R (`X`, `...1`).
    pub fn says_index(&self) -> bool {
        let is_unnamed = self.words.first().is_some_and(|word| word == "unnamed");
        is_unnamed || self.is_empty || self.is(INDEX) || self.is_number()
    }

    /// A number alone.
    pub fn is_number(&self) -> bool {
        !self.whole.is_empty() && self.whole.chars().all(|c| c.is_ascii_digit())
    }

    /// `zip`, `PLZ`, `house_nr`.
    pub fn says_code(&self) -> bool {
        self.words.last().is_some_and(|word| is_in(CODE, word)) || self.is(CODE)
    }

    /// `essay`, `answer_2`, `Kommentar`.
    pub fn says_text(&self) -> bool {
        self.has(TEXT)
    }

    /// `prompt`, `text_clean`, `title`.
    pub fn says_beside_text(&self) -> bool {
        self.has(BESIDE_TEXT)
    }

    /// `author`, `participants`, `Klasse`.
    pub fn says_group(&self) -> bool {
        self.words.iter().any(|word| is_group(word))
    }

    /// The same and nothing else: numbers of that name are labels, while those of `family_support`
    /// are scores.
    pub fn is_label(&self) -> bool {
        let is_filler = |word: &str| {
            is_in("code id ids nr nummer number", word) || word.chars().all(|c| c.is_ascii_digit())
        };
        self.says_group()
            && self
                .words
                .iter()
                .all(|word| is_group(word) || is_filler(word))
    }

    /// `fold`, `cv_split`.
    pub fn says_fold(&self) -> bool {
        self.has(FOLD) || self.is("istrain istest train holdout")
    }

    /// `year`, `Jahr`.
    pub fn says_year(&self) -> bool {
        self.has(YEAR)
    }

    /// `StartDate`, `created_at`.
    pub fn says_date(&self) -> bool {
        self.has(DATE)
    }

    /// `Progress`, `Duration (in seconds)`, `TIME001`.
    pub fn says_paperwork(&self) -> bool {
        let first = self.words.first().map(String::as_str);
        let is_page_time = self.words.len() == 2
            && matches!(first, Some("time" | "rts"))
            && self.whole.ends_with(|c: char| c.is_ascii_digit())
            && self.whole.len() > 6;
        let ends = [
            "firstclick",
            "lastclick",
            "pagesubmit",
            "clickcount",
            "responsetime",
        ];
        self.is(PAPERWORK)
            || is_page_time
            || ends.iter().any(|end| self.whole.ends_with(end))
            || matches!(first, Some("duration" | "dauer"))
    }

    /// `age`, `Geschlecht`, `year_of_birth`.
    pub fn says_person(&self) -> bool {
        self.has(PERSON)
            && self
                .words
                .iter()
                .all(|word| is_in(PERSON, word) || is_in(BESIDE_PERSON, word))
    }

    /// `word_count`, `n_chars`, `WC`.
    pub fn says_count_of_text(&self) -> bool {
        let is_both = self.words.len() <= 3 && self.has(COUNTED) && self.has(COUNT);
        is_both || self.is("wc nchar nchars nwords ntokens wordcount charcount textlength textlen textlänge length")
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn ids_are_whole_words() {
        for id in [
            "id",
            "ID",
            "user_id",
            "ResponseId",
            "PROLIFIC_PID",
            "participantid",
            "HITId",
            "text.id",
            "pid",
            "Kennung",
            "sample-uuid",
        ] {
            assert!(Name::of(id).says_id(), "{id}");
        }
        for other in [
            "paid",
            "valid",
            "covid",
            "rapid_response",
            "solid",
            "avoidance",
            "said",
            "hybrid",
            "overpaid",
            "idea",
        ] {
            assert!(!Name::of(other).says_id(), "{other}");
        }
    }

    #[test]
    fn names_of_exports_are_known() {
        for index in ["", "X", "...1", "Unnamed: 0", "Unnamed: 0.1", "index", "0"] {
            assert!(Name::of(index).says_index(), "{index:?}");
        }
        for paperwork in [
            "Duration (in seconds)",
            "Progress",
            "IPAddress",
            "TIME001",
            "TIME_SUM",
            "LocationLatitude",
            "Q3_Page Submit",
            "ResponseTime",
        ] {
            assert!(Name::of(paperwork).says_paperwork(), "{paperwork}");
        }
        for score in [
            "screen_time",
            "time1",
            "reaction_time",
            "work_progress",
            "marital_satisfaction",
            "status_anxiety",
            "age_stereotypes",
        ] {
            let name = Name::of(score);
            assert!(
                !name.says_paperwork()
                    && !name.says_person()
                    && !name.says_date()
                    && !name.says_index(),
                "{score}"
            );
        }
        for person in [
            "Alter",
            "Geschlecht",
            "year_of_birth",
            "Age (in years)",
            "marital status",
        ] {
            assert!(Name::of(person).says_person(), "{person}");
        }
    }
}
