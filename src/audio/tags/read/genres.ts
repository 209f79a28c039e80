/** Genres by the numbers of ID3v1, and of Winamp, that ID3v2 and MP4 use, too. */

const GENRES =
  `Blues|Classic Rock|Country|Dance|Disco|Funk|Grunge|Hip-Hop|Jazz|Metal|New Age|Oldies|Other|Pop|R&B|Rap|
Reggae|Rock|Techno|Industrial|Alternative|Ska|Death Metal|Pranks|Soundtrack|Euro-Techno|Ambient|Trip-Hop|Vocal|
Jazz+Funk|Fusion|Trance|Classical|Instrumental|Acid|House|Game|Sound Clip|Gospel|Noise|Alt. Rock|Bass|Soul|Punk|
Space|Meditative|Instrumental Pop|Instrumental Rock|Ethnic|Gothic|Darkwave|Techno-Industrial|Electronic|Pop-Folk|
Eurodance|Dream|Southern Rock|Comedy|Cult|Gangsta Rap|Top 40|Christian Rap|Pop/Funk|Jungle|Native American|Cabaret|
New Wave|Psychedelic|Rave|Showtunes|Trailer|Lo-Fi|Tribal|Acid Punk|Acid Jazz|Polka|Retro|Musical|Rock & Roll|
Hard Rock|Folk|Folk-Rock|National Folk|Swing|Fast-Fusion|Bebop|Latin|Revival|Celtic|Bluegrass|Avantgarde|
Gothic Rock|Progressive Rock|Psychedelic Rock|Symphonic Rock|Slow Rock|Big Band|Chorus|Easy Listening|Acoustic|
Humour|Speech|Chanson|Opera|Chamber Music|Sonata|Symphony|Booty Bass|Primus|Porn Groove|Satire|Slow Jam|Club|Tango|
Samba|Folklore|Ballad|Power Ballad|Rhythmic Soul|Freestyle|Duet|Punk Rock|Drum Solo|A Cappella|Euro-House|
Dance Hall|Goa|Drum & Bass|Club-House|Hardcore|Terror|Indie|BritPop|Afro-Punk|Polsk Punk|Beat|
Christian Gangsta Rap|Heavy Metal|Black Metal|Crossover|Contemporary Christian|Christian Rock|Merengue|Salsa|
Thrash Metal|Anime|JPop|Synthpop|Abstract|Art Rock|Baroque|Bhangra|Big Beat|Breakbeat|Chillout|Downtempo|Dub|EBM|
Eclectic|Electro|Electroclash|Emo|Experimental|Garage|Global|IDM|Illbient|Industro-Goth|Jam Band|Krautrock|
Leftfield|Lounge|Math Rock|New Romantic|Nu-Breakz|Post-Punk|Post-Rock|Psytrance|Shoegaze|Space Rock|Trop Rock|
World Music|Neoclassical|Audiobook|Audio Theatre|Neue Deutsche Welle|Podcast|Indie Rock|G-Funk|Dubstep|
Garage Rock|Psybient`
    .replaceAll('\n', '')
    .split('|');

/** @returns undefined for a number that stands for none */
export function genreOf(number: number): string | undefined {
  return GENRES[number];
}

const REFERENCES = /^\(([^()]+)\)/;
const OTHERS: Readonly<Record<string, string>> = { RX: 'Remix', CR: 'Cover' };

/** What ID3v2 may write as numbers: `17`, `(17)(18)`, and `(17)Rock and more`. */
export function genresOf(text: string): string[] {
  const found: string[] = [];
  let rest = text;
  for (let match = REFERENCES.exec(rest); match !== null; match = REFERENCES.exec(rest)) {
    const genre = referred(match[1]);
    if (genre === undefined) break;
    found.push(genre);
    rest = rest.slice(match[0].length);
  }
  const refined = rest.startsWith('((') ? rest.slice(1) : (referred(rest) ?? rest);
  const said = found.includes(refined) || (refined === '' && found.length > 0);
  return said ? found : [...found, refined];
}

function referred(reference: string): string | undefined {
  return OTHERS[reference] ?? (/^\d{1,3}$/.test(reference) ? genreOf(Number(reference)) : undefined);
}
