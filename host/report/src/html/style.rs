//! How the page looks, on a screen and on paper, and the script that sorts its tables.

/// The screen, light or dark.
pub(super) const STYLE: &str = "\
*{box-sizing:border-box}
body{margin:0 auto;max-width:78rem;padding:2.5rem 1.25rem 4rem;background:var(--page);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;overflow-wrap:break-word}
a{color:var(--accent)}
a:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem}
.kicker{margin:0;color:var(--muted);font-size:.85rem;letter-spacing:.04em}
h1{margin:.1rem 0 .6rem;font-size:2rem;line-height:1.2}
h2{margin:3rem 0 .8rem;padding-top:1rem;border-top:1px solid var(--line);font-size:1.3rem}
h3{margin:1.5rem 0 .3rem;font-size:1rem}
.answer{margin:0;font-size:1.2rem;line-height:1.5}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:1.4rem 0 0;padding:0;list-style:none;font-size:.9rem}
p{max-width:44rem}
figure{margin:0}
figure svg{max-width:100%;height:auto;display:block}
.wide{overflow-x:auto}
figure.wide svg{max-width:none}
.narrow{display:none}
summary{cursor:pointer}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1.5rem 1rem}
table{width:100%;margin:1.2rem 0;border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{padding-bottom:.5rem;text-align:left;color:var(--muted)}
th,td{padding:.35rem .6rem .35rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;font-weight:400}
thead th{border-bottom-color:var(--muted);color:var(--muted);white-space:nowrap}
.number{text-align:right;white-space:nowrap}
thead button{all:unset;cursor:pointer}
thead button:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
[aria-sort=ascending] button::after{content:' ↑'}
[aria-sort=descending] button::after{content:' ↓'}
figcaption{max-width:44rem;color:var(--muted);font-size:.9rem}
figure.wide+figure.wide{margin-top:2rem}
code{font-size:.92em;overflow-wrap:anywhere}
table.apa{width:auto;color:inherit}
.verdict{min-width:6.5rem}
td,th{max-width:18rem}
.notes{color:var(--muted);font-weight:400}
.range{display:block;color:var(--muted);white-space:nowrap}
tr.yes .verdict,tr.yes th{font-weight:600}
.findings{margin:0;padding:0;list-style:none}
.findings li{margin:0 0 .9rem;padding:.1rem 0 .1rem 1rem;border-left:4px solid var(--band)}
.findings li.serious{border-left:8px double var(--ink)}
.findings li.warning{border-left-color:var(--ink)}
.findings p{margin:.15rem 0}
.about{color:var(--muted)}
.try::before{content:'Try: ';font-weight:600}
.findings,dl,nav,h1,main>section>ul{overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.5rem 1.5rem;margin:0}
dt{max-width:12rem;font-weight:600}
dd{margin:0;max-width:40rem}
.references{padding-left:1.2rem}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--muted);font-size:.85rem}
@media (max-width:34rem){.broad{display:none}.narrow{display:block}dl{grid-template-columns:1fr;gap:.1rem}dd{margin-bottom:.7rem}h1{font-size:1.6rem}.answer{font-size:1.05rem}}
";

/// Paper.
pub(super) const PRINT: &str = "\
body{max-width:none;padding:0;font-size:10pt}
nav,.skip{display:none}
h2,h3,caption,section>p:has(+.panels){break-after:avoid}
[aria-sort] button::after{content:''}
tr,li,figure,dd{break-inside:avoid}
.wide{overflow:visible}
figure.wide svg{max-width:100%}
table{font-size:6.5pt}
.number,thead th{white-space:normal}
th,td{padding:.2rem .3rem .2rem 0}
.verdict{min-width:0}
.broad{display:block}
.narrow{display:none}
.panels{grid-template-columns:repeat(3,1fr)}
";

/// Makes the headings of the tables of cells buttons that sort; a second click turns the order
/// round. Without it everything is there, in the order of the study.
pub(super) const SORT: &str = r#"(()=>{"use strict";
const value=c=>{const t=c.textContent.trim(),n=c.classList.contains("number")?parseFloat(t.replace(/\u2212/g,"-").replace(/(\d),(?=\d)/g,"$1").replace(/[^\d.eE-]+/g," ")):NaN;return[t,Number.isNaN(n)?null:n]};
const order=(a,b)=>a[1]!==null&&b[1]!==null?a[1]-b[1]:a[0]===""?1:b[0]===""?-1:a[0].localeCompare(b[0]);
document.querySelectorAll("table.sorts").forEach(table=>{const body=table.tBodies[0];table.querySelectorAll("thead th").forEach((head,at)=>{
const button=document.createElement("button");button.type="button";button.textContent=head.textContent;head.textContent="";head.append(button);
button.addEventListener("click",()=>{const down=head.getAttribute("aria-sort")==="ascending";table.querySelectorAll("thead th").forEach(h=>h.removeAttribute("aria-sort"));
head.setAttribute("aria-sort",down?"descending":"ascending");
[...body.rows].map(row=>[row,value(row.cells[at])]).sort((a,b)=>down?order(b[1],a[1]):order(a[1],b[1])).forEach(([row])=>body.append(row))})})})})();"#;

/// SHA-256 of [`SORT`] in base64: the page's policy lets this script run and no other.
pub(super) const SORT_SHA256: &str = "Sz4C2jQtREOP0yq82H6SduhJwtSEY1fE0NipnOkLU1k=";

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine};
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_policy_names_the_script_as_it_is() {
        let hash = Sha256::digest(SORT);
        assert_eq!(BASE64_STANDARD.encode(hash), SORT_SHA256);
    }
}
