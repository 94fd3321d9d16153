//! The pace of the router's own periods and waits.

use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;

/// A factor for periods and waits; the values stay beside their rules. Default: 1. Only tests set a smaller factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tempo(f64);

impl Default for Tempo {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Tempo {
    /// A factor above 0 and at most 1.
    pub fn of(factor: f64) -> Option<Self> {
        (factor > 0.0 && factor <= 1.0).then_some(Self(factor))
    }

    /// A wait at this tempo.
    pub fn wait(self, usual: Duration) -> Duration {
        usual.mul_f64(self.0)
    }

    /// An age at this tempo.
    pub fn age(self, usual: SignedDuration) -> SignedDuration {
        SignedDuration::try_from_secs_f64(usual.as_secs_f64() * self.0).unwrap_or(usual)
    }
}

impl FromStr for Tempo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let tempo = text.parse().ok().and_then(Self::of);
        tempo.ok_or_else(|| "expected a factor above 0 and not above 1".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wait_is_shortened_and_none_without_a_factor() {
        let second = Duration::from_secs(1);
        assert_eq!(Tempo::default().wait(second), second);
        let quarter: Tempo = "0.25".parse().unwrap();
        assert_eq!(quarter.wait(second), Duration::from_millis(250));
        assert_eq!(quarter.age(SignedDuration::from_secs(2)), SignedDuration::from_millis(500));
        for wrong in ["", "0", "-1", "1.5", "NaN", "inf"] {
            assert!(wrong.parse::<Tempo>().is_err(), "{wrong}");
        }
    }
}
