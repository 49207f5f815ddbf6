//! How much a model's vectors tell by the language of a question, and on which scale.

/// Which languages a model knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fluency {
    /// English; of others with Latin letters it knows names and words that are alike. Texts that have nothing in common have a cosine
    /// near 0.
    #[default]
    English,
    /// Those of most texts, alike.
    Many {
        /// The cosine of a question and a text that have nothing in common, in thousandths, below 1000.
        unrelated: u16,
    },
}

impl Fluency {
    /// The cosine of a question and a text that are as near as this.
    #[must_use]
    pub fn cosine(self, nearness: f32) -> f32 {
        match self {
            Self::English => nearness,
            Self::Many { unrelated } => {
                let unrelated = f32::from(unrelated) / 1000.0;
                (1.0 - unrelated).mul_add(nearness, unrelated)
            }
        }
    }

    /// How near a question and a text are whose vectors have this cosine: 1 where they are the same, near 0 where they have nothing in
    /// common. What is near enough for what is told on this scale, whichever the model is.
    #[must_use]
    pub fn nearness(self, cosine: f32) -> f32 {
        match self {
            Self::English => cosine,
            Self::Many { unrelated } => {
                let unrelated = f32::from(unrelated) / 1000.0;
                ((cosine - unrelated) / (1.0 - unrelated)).max(-1.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_nothing_in_common_are_at_0_and_the_same_ones_at_1_whatever_the_model() {
        let many = Fluency::Many { unrelated: 750 };
        assert_eq!([0.75, 0.875, 1.0, -1.0].map(|cosine| many.nearness(cosine)), [0.0, 0.5, 1.0, -1.0]);
        assert_eq!([0.0, 0.5, 1.0].map(|nearness| many.cosine(nearness)), [0.75, 0.875, 1.0]);
        assert_eq!([0.75, -0.5].map(|cosine| Fluency::English.nearness(cosine)), [0.75, -0.5]);
    }
}
