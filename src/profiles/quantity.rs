//! Kubernetes quantities.

/// A quantity such as `500m` or `2Gi`:
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>.
pub fn quantity(text: &str) -> Result<String, String> {
    let unit = text.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
    let number = &text[..text.len() - unit.len()];
    let known = ["", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"].contains(&unit);
    let good = known && number.parse::<f64>().is_ok_and(|number| number > 0.0);
    good.then(|| text.to_owned()).ok_or_else(|| "expected a quantity such as 500m, 2 or 512Mi".to_owned())
}
