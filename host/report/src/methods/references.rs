//! The works that `methods.txt` cites.

/// A work the paragraph refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The reference in APA style, without the address.
    pub text: &'static str,
    /// Its DOI, where it has one.
    pub doi: Option<&'static str>,
}

/// Those of the known works that the text names.
pub fn references(text: &str) -> Vec<Reference> {
    REFERENCES
        .iter()
        .filter(|(key, _)| text.contains(key))
        .map(|(_, reference)| *reference)
        .collect()
}

const REFERENCES: [(&str, Reference); 8] = [
    (
        "Benjamini & Yekutieli, 2005",
        Reference {
            text: "Benjamini, Y., & Yekutieli, D. (2005). False discovery rate–adjusted multiple confidence intervals for selected parameters. Journal of the American Statistical Association, 100(469), 71–81.",
            doi: Some("10.1198/016214504000001907"),
        },
    ),
    (
        "Besag & Clifford, 1991",
        Reference {
            text: "Besag, J., & Clifford, P. (1991). Sequential Monte Carlo p-values. Biometrika, 78(2), 301–304.",
            doi: Some("10.1093/biomet/78.2.301"),
        },
    ),
    (
        "Campbell & Thompson, 2008",
        Reference {
            text: "Campbell, J. Y., & Thompson, S. B. (2008). Predicting excess stock returns out of sample: Can anything beat the historical average? Review of Financial Studies, 21(4), 1509–1531.",
            doi: Some("10.1093/rfs/hhm055"),
        },
    ),
    (
        "Efron & Stein, 1981",
        Reference {
            text: "Efron, B., & Stein, C. (1981). The jackknife estimate of variance. The Annals of Statistics, 9(3), 586–596.",
            doi: Some("10.1214/aos/1176345462"),
        },
    ),
    (
        "Freedman & Lane, 1983",
        Reference {
            text: "Freedman, D., & Lane, D. (1983). A nonstochastic interpretation of reported significance levels. Journal of Business & Economic Statistics, 1(4), 292–298.",
            doi: Some("10.1080/07350015.1983.10509354"),
        },
    ),
    (
        "Holm's (1979)",
        Reference {
            text: "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, 6(2), 65–70.",
            doi: None,
        },
    ),
    (
        "Phipson & Smyth, 2010",
        Reference {
            text: "Phipson, B., & Smyth, G. K. (2010). Permutation p-values should never be zero: Calculating exact p-values when permutations are randomly drawn. Statistical Applications in Genetics and Molecular Biology, 9(1), Article 39.",
            doi: Some("10.2202/1544-6115.1585"),
        },
    ),
    (
        "Westfall & Young, 1993",
        Reference {
            text: "Westfall, P. H., & Young, S. S. (1993). Resampling-based multiple testing: Examples and methods for p-value adjustment. Wiley.",
            doi: None,
        },
    ),
];
