//! PDF.
use super::leaf::Leaf;
use super::refusal::Refusal;
pub(super) fn is_pdf(bytes: &[u8]) -> bool {
    bytes.get(..1024).unwrap_or(bytes).windows(5).any(|window| window == b"%PDF-")
}
pub(super) fn read(_bytes: &[u8]) -> Result<Leaf, Refusal> {
    Err(Refusal::Unsupported { format: "PDF" })
}
