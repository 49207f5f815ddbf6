//! One answer, as a plain value that can travel.

use crate::base::id::Row;

/// One passage that answers, as the device that holds it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The passage's row on its device.
    pub row: Row,
    /// The document's path on its device.
    pub path: Vec<u8>,
    /// Headings above the passage.
    pub heading: String,
    /// The exact excerpt.
    pub text: String,
    /// The mean of the cosine with the question and the share of the question's words that it holds:
    /// about 0 for a stranger, 1 at best.
    pub score: f32,
}
