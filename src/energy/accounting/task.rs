//! The energy of one task: a number with its method, scope, attribution and error.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How joules were measured or modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A sensor on a rail of the board.
    RailMeasured,
    /// The CPU package's counter.
    PackageMeasured,
    /// The discharge power of the battery.
    BatteryMeasured,
    /// CPU time times the watts of a core, calibrated on this device.
    ModelCalibrated,
    /// CPU time times the watts of a core from the table of boards.
    ModelDefault,
    /// Neither.
    Unknown,
}

/// Which part of the device the joules cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The whole board.
    BoardInput,
    /// The rails of the chip.
    SocRails,
    /// The CPU package.
    CpuPackage,
    /// What leaves the battery.
    Battery,
}

/// How the task's part was separated from other work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribution {
    /// It ran alone.
    Exclusive,
    /// By its share of the CPU time.
    CpuShare,
}

/// All methods.
pub const METHODS: [Method; 6] = [
    Method::RailMeasured,
    Method::PackageMeasured,
    Method::BatteryMeasured,
    Method::ModelCalibrated,
    Method::ModelDefault,
    Method::Unknown,
];

impl Method {
    /// Its error in percent.
    #[must_use]
    pub const fn err_pct(self) -> u8 {
        match self {
            Self::RailMeasured => 10,
            Self::PackageMeasured => 15,
            Self::BatteryMeasured => 30,
            Self::ModelCalibrated => 15,
            Self::ModelDefault => 40,
            Self::Unknown => 100,
        }
    }

    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RailMeasured => "measured on a rail",
            Self::PackageMeasured => "measured by the CPU package",
            Self::BatteryMeasured => "measured at the battery",
            Self::ModelCalibrated => "model, calibrated here",
            Self::ModelDefault => "model, table of boards",
            Self::Unknown => "unknown",
        }
    }
}

impl Scope {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BoardInput => "whole board",
            Self::SocRails => "chip",
            Self::CpuPackage => "CPU package",
            Self::Battery => "battery",
        }
    }
}

/// Joules with what must be known of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Joules {
    /// The number; `None` is unknown, and never 0.
    pub joules: Option<f64>,
    /// How it was measured.
    pub method: Method,
    /// What it is of.
    pub scope: Scope,
    /// How it was separated from other work.
    pub attribution: Attribution,
    /// Its error in percent.
    pub err_pct: u8,
}

impl Joules {
    /// Unknown.
    pub const UNKNOWN: Self = Self {
        joules: None,
        method: Method::Unknown,
        scope: Scope::BoardInput,
        attribution: Attribution::CpuShare,
        err_pct: 100,
    };

    /// Joules by this method; unknown where they are negative or not finite.
    #[must_use]
    pub fn new(joules: f64, method: Method, scope: Scope, attribution: Attribution) -> Self {
        if !joules.is_finite() || joules < 0.0 || method == Method::Unknown {
            return Self::UNKNOWN;
        }
        Self { joules: Some(joules), method, scope, attribution, err_pct: method.err_pct() }
    }
}

impl fmt::Display for Joules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.joules {
            None => f.write_str("unknown"),
            Some(joules) => {
                let digits = if joules < 10.0 { 2 } else { 0 };
                let (method, scope) = (self.method.as_str(), self.scope.as_str());
                write!(f, "~{joules:.digits$} J ({method}, {scope}, ±{} %)", self.err_pct)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_never_0_and_a_number_never_stands_alone() {
        assert_eq!(Joules::UNKNOWN.to_string(), "unknown");
        for bad in [f64::NAN, -1.0, f64::INFINITY] {
            assert_eq!(
                Joules::new(bad, Method::RailMeasured, Scope::BoardInput, Attribution::Exclusive),
                Joules::UNKNOWN
            );
        }
        for method in METHODS {
            let joules = Joules::new(0.0, method, Scope::SocRails, Attribution::CpuShare);
            let text = joules.to_string();
            assert_eq!(text.contains("0.00 J"), method != Method::Unknown, "{text}");
            assert!(text.contains(method.as_str()) && (joules.joules.is_none() || text.contains("chip")), "{text}");
        }
        let shown = Joules::new(0.213, Method::ModelDefault, Scope::BoardInput, Attribution::CpuShare);
        assert_eq!(shown.to_string(), "~0.21 J (model, table of boards, whole board, ±40 %)");
    }
}
