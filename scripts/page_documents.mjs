// The documents of a family that does not exist, for scripts/page-check: notes, tables, lists, code, long names, and hostile ones.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const DOCUMENTS = {
  "house/heating.md": `# Heating

## Bleeding the radiators

Bleed the radiators every autumn, beginning with the lowest one in the house. Hold a cloth below the valve, turn the key a quarter to the left, and close it as soon as water comes instead of air. Then look at the pressure of the boiler: it should stand between 1.2 and 1.8 bar.

## Boiler

The boiler is serviced each September by Hansen Heating, 0431 555 0142. The contract number is HH-20417. The flame must be blue; a yellow one means soot.

| year | serviced on | cost | remark |
|------|-------------|------|--------|
| 2023 | 2023-09-14  | 148  | new ignition electrode |
| 2024 | 2024-09-10  | 152  | filter changed |
| 2025 | 2025-09-16  | 155  | pressure vessel pumped up |
`,
  "house/leak under the kitchen sink.md": `# Leak under the kitchen sink

The drain under the sink dripped because the flat seal had gone hard. What helped:

1. Shut the two angle valves and put a bucket below.
2. Unscrew the trap by hand; pliers scratch it.
3. Put in a new seal of 1 1/4 inch, with its cone towards the trap.
4. Hand-tight is enough. Let the water run for five minutes and look again with a dry cloth.

Spare seals are in the blue box in the cellar.
`,
  "house/insurance 2025/Household contents insurance – certificate and conditions, as sent on 2025-01-17 (scan of both sides, revised).txt": `Household contents insurance

Policy 88-4410-227, insured sum 65,000. Water damage, fire, burglary and storm are covered. Bicycles are covered up to 2,500 each if they were locked.
Tell us of a damage within seven days, by telephone 0800 555 0199 or in writing. Do not throw damaged things away before we have seen a picture of them.
`,
  "recipes/lemon cake.md": `# Lemon cake

Serves twelve.

## Ingredients

- 250 g butter, soft
- 200 g sugar
- 4 eggs
- 300 g flour and 2 teaspoons of baking powder
- the juice and peel of two lemons

## Making it

Beat butter and sugar until they are pale. Add the eggs one by one, then flour and lemon. Bake for 50 minutes at 175 degrees, lower third of the oven. While it is warm, prick it and pour the juice of one more lemon with 80 g of sugar over it.
`,
  "recipes/bean soup.md": `# Bean soup

Serves four.

Soak the white beans overnight. Cook them with a bay leaf for an hour, without salt. Fry onions, carrots and celery, add tomatoes and the beans, and let all of it simmer for half an hour. Salt comes last.
`,
  "school/timetable.csv": `Day,First lesson,Second lesson,Third lesson,Afternoon
Monday,Maths,German,Sports,Choir until 16:00
Tuesday,English,Biology,History,free
Wednesday,Physics,Maths,Art,Football until 17:30
Thursday,German,English,Chemistry,free
Friday,Music,Geography,Maths,free
`,
"school/swimming.csv": `Weekday and place,Beginners and seahorses,Improvers and bronze,Silver and gold,Life savers,Remarks of the office
${["Monday", "Tuesday", "Wednesday", "Thursday"].map((day) => day + " at the Lindenhof pool,15:30 to 16:15 with Ms Petersen,16:15 to 17:00 with Mr Okafor,17:00 to 18:00 with Ms Petersen,18:00 to 19:30 with Mr Okafor,swimming lessons of the timetable end at the holidays").join("\n")}
`,
  "school/swimming_lesson_photo_IMG_20260714_183052_HDR_PORTRAIT_edited_final_version_2_of_3.md": `# Photo_of_the_swimming_lesson_IMG_20260714_183052_HDR_PORTRAIT_edited_final_version_2_of_3.jpg

The swimming lesson of July: ${"Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(3)}

\`\`\`sh
convert photo_of_the_swimming_lesson_IMG_20260714_183052_HDR_PORTRAIT_edited_final_version_2_of_3.jpg -resize 1200x1200 -quality 82 small.jpg
\`\`\`
`,
  "school/Mila biology frogs.md": `# The common frog

The common frog lays its eggs in clumps of up to two thousand in still water, mostly in March. After two to three weeks tadpoles hatch. Legs grow from the tenth week on, hind legs first; at the end of June the young frogs leave the water. They spend the winter in the mud of ponds or under leaves, and their heart beats only a few times a minute.
`,
  "travel/denmark 2024.md": `# Denmark, summer 2024

We took the ferry from Puttgarden at 9:15 and were in Henne Strand by four. The house, Klitvej 12, has a stove and a view of the dunes. The key is in a box beside the door with the code 2718.

> Best evening: the fish place in Hvide Sande, go before six.

Things to take next time: a second windbreak, the big pot, a tick remover.
`,
  "travel/passports.md": `# Passports

- Ann: C01X00T47, valid until 2031-04-02
- Jonas: C01X00T48, valid until 2029-11-20
- Mila: children's passport, valid until 2026-08-31; ask for a new one in June
`,
  "garden/compost.md": `# Compost

Layer green and brown: kitchen scraps and cut grass between leaves and torn cardboard. It should be as damp as a wrung-out sponge. Turn it every six weeks. No cooked food, no meat, no citrus peel in great amounts. A compost that smells has too little air.
`,
  "garden/apple trees.md": `# Apple trees

The Boskoop by the fence is pruned in February, the two young ones after flowering. Take out what grows inwards or straight up. In May hang the traps against the codling moth; glue bands come on in October.
`,
  "computers/router.md": `# Router and Wi-Fi

The router is in the hall cupboard. Its page is at 192.168.1.1. To restart it when the internet is gone, pull the plug, wait ten seconds, and plug it in again; it takes three minutes.

\`\`\`sh
# which devices are in the network
ip neigh show dev wlan0
ping -c 3 192.168.1.1
\`\`\`

Guests have a network of their own, \`Wattle-Guests\`.
`,
  "computers/backup.md": `# Backup

Every Sunday the photographs are copied to the disk in the attic with rsync. The disk with the blue label is the older one. Try to restore one folder twice a year: a backup that nobody has restored is a hope.
`,
  "letters/tax office 2025.txt": `To the tax office

Dear Sir or Madam,

we ask for an extension of the time for our tax return of 2024 until 30 September, because the certificate of the health insurance is still missing.

Kind regards
`,
  "hostile/<img src=x onerror=alert(1)>.md": `# <img src=x onerror="document.title='owned'"> Umbrella stand

<script>document.title = 'owned'; alert('owned')</script>
The umbrella stand by the door was bought at the flea market. [Click me](javascript:alert(1)) and <a href="javascript:alert(2)">me</a>.
`,
  "hostile/umbrella.html": `<html><head><title>Umbrella &lt;svg onload=alert(3)&gt;</title></head><body><h1>Umbrella repair</h1><p onclick="alert(4)">Umbrella ribs are riveted again with a brass pin. &lt;img src=x onerror=alert(5)&gt; &lt;script&gt;alert(6)&lt;/script&gt;</p><iframe src="https://example.org/"></iframe></body></html>
`,
  "hostile/table.md": `# Umbrella prices

| shop | <img src=//example.org/x onerror=alert(7)> |
|------|------|
| flea market | \`<svg/onload=alert(8)>\` 4 |
| station | 12 <style>*{display:none}</style> |
`,
  "broken/scan of the lease.pdf": "%PDF-1.7\nthis is no PDF any more\n",
  "broken/old letter.docx": "PK\u0003\u0004 not an archive",
};

const SECOND = {
  "workshop/table saw.md": `# Table saw

Change the blade with the plug pulled out. The riving knife stands 3 mm behind the blade. The blade for plywood has 60 teeth and is in the left drawer of the workshop.
`,
  "workshop/paint.md": `# Paint

The fence is painted with Swedish red, three litres for twenty square metres. The left over tins are on the upper shelf; a tin that was opened keeps for two years.
`,
};

function write(folder, documents) {
  for (const [name, text] of Object.entries(documents)) {
    const slash = name.lastIndexOf("/", name.startsWith("hostile/<") ? 8 : undefined);
    const path = join(folder, name.slice(0, slash), name.slice(slash + 1).replaceAll("/", "∕"));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

/** Writes both sets. */
export function writeDocuments(first, second) {
  write(first, DOCUMENTS);
  write(second, SECOND);
}
