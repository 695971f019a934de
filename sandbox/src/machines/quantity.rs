//! Kubernetes quantities (`500m`, `16Gi`, `4`), as far as resources of pods and nodes use them.

use anyhow::{Context, Result, bail};

/// Reads a quantity in thousandths, so that `500m` of a CPU is a whole number.
///
/// # Errors
/// A text that is no quantity is named in the error.
pub fn thousandths(text: &str) -> Result<u128> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let scale: u128 = match suffix {
        "m" => 1,
        "" => 1000,
        "k" => 1_000_000,
        "M" => 1_000_000_000,
        "G" => 1_000_000_000_000,
        "T" => 1_000_000_000_000_000,
        "Ki" => 1000 << 10,
        "Mi" => 1000 << 20,
        "Gi" => 1000 << 30,
        "Ti" => 1000 << 40,
        _ => bail!("`{text}` is no quantity the sandbox knows: write 500m, 4 or 16Gi"),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let whole: u128 = whole.parse().with_context(|| format!("`{text}` is no quantity"))?;
    let mut value = whole * scale;
    if !part.is_empty() {
        let digits: u128 = part.parse().with_context(|| format!("`{text}` is no quantity"))?;
        value += digits * scale / 10u128.pow(u32::try_from(part.len())?);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_thousandths() {
        for (text, value) in [
            ("4", 4000),
            ("500m", 500),
            ("1.5", 1500),
            ("0.25", 250),
            ("1Ki", 1_024_000),
            ("16Gi", 16 * 1024 * 1024 * 1024 * 1000),
            ("2k", 2_000_000),
        ] {
            assert_eq!(thousandths(text).unwrap(), value, "{text}");
        }
        for text in ["", "Gi", "4X", "a", "1.2.3"] {
            assert!(thousandths(text).is_err(), "{text}");
        }
    }
}
