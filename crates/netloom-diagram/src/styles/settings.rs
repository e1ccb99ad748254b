//! What can be set about a style, and what was.

use std::collections::BTreeMap;

/// One thing that can be set about a style.
#[derive(Debug)]
pub struct Setting {
    /// Its name: `scale`.
    pub name: &'static str,
    /// What it changes, one sentence without a full stop.
    pub about: &'static str,
    /// What it may be.
    pub values: Values,
    /// What it is where nobody sets it.
    pub default: &'static str,
}

/// What a setting may be.
#[derive(Debug)]
pub enum Values {
    /// One of some words.
    Words(&'static [&'static str]),
    /// A number from the first to the second.
    Number(f64, f64),
    /// `yes` or `no`.
    Flag,
}

/// What was set about a style: names of its settings with values that they may have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Setting {
    /// The value in its usual form, or what was expected instead.
    ///
    /// # Errors
    /// What the setting may be, where the value is nothing of it: `a number from 1 to 64`.
    pub fn check(&self, value: &str) -> Result<String, String> {
        let value = value.trim().to_lowercase();
        match &self.values {
            Values::Words(words) if words.contains(&value.as_str()) => Ok(value),
            Values::Words(words) => Err(format!("one of {}", words.join(", "))),
            Values::Number(least, most) => match value.parse::<f64>() {
                Ok(n) if (*least..=*most).contains(&n) => Ok(value),
                _ => Err(format!("a number from {least} to {most}")),
            },
            Values::Flag => match value.as_str() {
                "yes" | "true" | "on" | "1" => Ok("yes".to_owned()),
                "no" | "false" | "off" | "0" => Ok("no".to_owned()),
                _ => Err("yes or no".to_owned()),
            },
        }
    }
}

impl Settings {
    /// Sets one of the settings of a style.
    ///
    /// # Errors
    /// What was expected instead, where there is no such setting or it cannot have that value.
    pub fn set(&mut self, known: &'static [Setting], name: &str, value: &str) -> Result<(), String> {
        let Some(setting) = known.iter().find(|s| s.name == name) else {
            let names: Vec<&str> = known.iter().map(|s| s.name).collect();
            return Err(if names.is_empty() { "no setting".to_owned() } else { names.join(", ") });
        };
        self.0.insert(setting.name, setting.check(value)?);
        Ok(())
    }

    /// The value of a setting as text: as set, else its default.
    pub(in crate::styles) fn word<'a>(&'a self, known: &'static [Setting], name: &str) -> &'a str {
        let default = known.iter().find(|s| s.name == name).map_or("", |s| s.default);
        self.0.get(name).map_or(default, String::as_str)
    }

    /// The value of a setting that is a number.
    pub(in crate::styles) fn number(&self, known: &'static [Setting], name: &str) -> f64 {
        self.word(known, name).parse().unwrap_or(0.0)
    }

    /// The value of a setting that is `yes` or `no`.
    pub(in crate::styles) fn flag(&self, known: &'static [Setting], name: &str) -> bool {
        self.word(known, name) == "yes"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static KNOWN: &[Setting] = &[
        Setting { name: "cap", about: "", values: Values::Number(1.0, 64.0), default: "16" },
        Setting { name: "scale", about: "", values: Values::Words(&["auto", "log"]), default: "auto" },
        Setting { name: "bands", about: "", values: Values::Flag, default: "yes" },
    ];

    fn check(name: &str, value: &str, expected: Result<&str, &str>) {
        let mut settings = Settings::default();
        let found = settings.set(KNOWN, name, value).map(|()| settings.word(KNOWN, name).to_owned());
        assert_eq!(found.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn settings_take_what_they_may_be() {
        check("cap", "12", Ok("12"));
        check("cap", "65", Err("a number from 1 to 64"));
        check("cap", "many", Err("a number from 1 to 64"));
        check("scale", "Log", Ok("log"));
        check("scale", "cubic", Err("one of auto, log"));
        check("bands", "off", Ok("no"));
        check("bands", "maybe", Err("yes or no"));
        check("colour", "red", Err("cap, scale, bands"));
        let settings = Settings::default();
        assert!(settings.flag(KNOWN, "bands"));
        assert_eq!((settings.number(KNOWN, "cap"), settings.word(KNOWN, "scale")), (16.0, "auto"));
    }
}
