//! The sample folder of `wattle demo`: nine short notes of a household, written for the demo, and three questions.

/// Name and text. The devices get one each in turn: attic, kitchen, cellar.
pub(super) const FILES: [(&str, &str); 9] = [
    (
        "violin.md",
        "# Violin\n\nGrandmother's violin lies in the long chest under the roof window. The bow needs new hair before \
         anybody plays it again, and the bridge must stand upright when it is stored.\n",
    ),
    (
        "bread.md",
        "# Sourdough\n\nFeed the starter the evening before. Knead flour, water and salt for ten minutes, let the dough \
         rise until it has doubled, and bake it in the iron pot: half an hour with the lid, a quarter without.\n",
    ),
    (
        "heating.md",
        "# Heating\n\nBleed the radiators every autumn, beginning with the lowest one in the house. The pressure gauge \
         beside the boiler should stand between one and a half and two bar afterwards.\n",
    ),
    (
        "photos.md",
        "# Photographs\n\nThe slides from 1974 to 1983 are in the grey boxes, sorted by summer. The negatives of the \
         wedding are missing; aunt Ilse may have them.\n",
    ),
    (
        "knives.md",
        "# Knives\n\nSharpen the kitchen knives on the wet stone, first the coarse side and then the fine one, always at \
         the same flat angle. Never put them into the dishwasher.\n",
    ),
    (
        "meter.md",
        "# Meters\n\nThe water meter is behind the wooden board to the left of the stairs. Its number is on the lid. The \
         electricity company wants both readings in the first week of January.\n",
    ),
    (
        "roof.md",
        "# Roof\n\nAfter the storm two tiles on the north side were replaced. The roofer said that the gutter must be \
         cleared of leaves each November, or the wall below gets wet.\n",
    ),
    (
        "garden.md",
        "# Herbs on the sill\n\nBasil wants to be watered from below. Rosemary stays nearly dry in winter and is cut back \
         after it has flowered.\n",
    ),
    (
        "wine.md",
        "# Shelf of jars\n\nThe plum jam of last year stands on the lower shelf and should be eaten first. Empty jars go \
         into the crate by the door.\n",
    ),
];

/// A question, and the device that holds its answer.
pub(super) const QUESTIONS: [(&str, &str); 3] = [
    ("How do I get the air out of the radiators?", "cellar"),
    ("Where is the old instrument of my grandmother?", "attic"),
    ("How long must the loaf stay in the oven?", "kitchen"),
];
