//! The catalogues that come with this crate.

/// The selectors that every catalogue can name.
pub(super) const SELECTORS: &str = include_str!("../../catalogue/selectors.toml");

macro_rules! files {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../../catalogue/", $name))),)*]
    };
}

/// File name and text of each, in the order in which they are shown.
pub(super) const FILES: [(&str, &str); 28] = files! {
    "eu-ai-act.toml"
    "iso-42001.toml"
    "nist-ai-rmf.toml"
    "nist-ai-600-1.toml"
    "nist-sp-800-53-au.toml"
    "iso-27001.toml"
    "soc-2.toml"
    "pci-dss.toml"
    "gdpr.toml"
    "uk-gdpr.toml"
    "dora.toml"
    "hipaa.toml"
    "sec-17a-4.toml"
    "finra-4511.toml"
    "21-cfr-part-11.toml"
    "us-banking-model-risk.toml"
    "colorado-sb-26-189.toml"
    "uk-ai-cyber-security.toml"
    "uk-pra-ss1-23.toml"
    "singapore-imda-agentic.toml"
    "singapore-mas-airg.toml"
    "ai-logging-standards.toml"
    "owasp-llm-2026.toml"
    "owasp-llm-2025.toml"
    "owasp-agentic-2026.toml"
    "owasp-aisvs-1.0.toml"
    "mitre-atlas.toml"
    "csa-aicm.toml"
};
