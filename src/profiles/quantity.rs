//! Kubernetes quantities: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.

const UNITS: [(&str, f64); 14] = [
    ("", 1.0),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
];

/// A quantity such as `500m` or `2Gi`, above 0.
pub fn quantity(text: &str) -> Result<String, String> {
    let good = amount(text).is_some_and(|amount| amount > 0.0);
    good.then(|| text.to_owned()).ok_or_else(|| "expected a quantity such as 500m, 2 or 512Mi".to_owned())
}

/// The number of a quantity: bytes, or CPUs. `None` if it is none, or has an exponent.
pub fn amount(text: &str) -> Option<f64> {
    let unit = text.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
    let number: f64 = text[..text.len() - unit.len()].parse().ok()?;
    let (_, factor) = UNITS.into_iter().find(|(known, _)| *known == unit)?;
    Some(number * factor)
}
