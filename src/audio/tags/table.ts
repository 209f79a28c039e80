/**
 * The one table of what a field is called in each family of tags: who reads or writes tags asks here. Names
 * are those of MusicBrainz Picard, and of the formats' own specifications where it has none. Pure.
 */

/** Names beside those of Vorbis comments; `ffmpeg` are those of its dictionary. */
export type TagFamily = 'id3' | 'mp4' | 'ape' | 'riff' | 'matroska' | 'ffmpeg';

const FAMILIES: readonly TagFamily[] = ['id3', 'mp4', 'ape', 'riff', 'matroska', 'ffmpeg'];

/**
 * Vorbis comments, ID3v2.4, MP4, APEv2, RIFF INFO, Matroska, FFmpeg. `=` is the same name as in Vorbis
 * comments, and `-` is none. Where names are free, as in `TXXX:name` and `----:name`, `=` is such a name.
 * `/1` is the first part of a value and `/2` the second, as in 3 of 12. In Matroska what is not about the
 * track has its level in front: 50 is an album, 60 several. Columns are two spaces apart.
 */
const TABLE = `
TITLE             TIT2           ©nam             Title            INAM    =                   title
TITLESORT         TSOT           sonm             =                -       =                   title-sort
SUBTITLE          TIT3           =                Subtitle         -       =
ARTIST            TPE1           ©ART             Artist           IART    =                   artist
ARTISTS           =              =                Artists          -       =
ARTISTSORT        TSOP           soar             =                -       =                   artist-sort
ALBUM             TALB           ©alb             Album            IPRD    50:TITLE            album
ALBUMSORT         TSOA           soal             =                -       50:TITLESORT        album-sort
ALBUMARTIST       TPE2           aART             Album Artist     -       50:ARTIST           album_artist
ALBUMARTISTSORT   TSO2           soaa             =                -       50:ARTISTSORT
TRACKNUMBER       TRCK/1         trkn/1           Track/1          ITRK/1  PART_NUMBER         track/1
TRACKTOTAL        TRCK/2         trkn/2           Track/2          ITRK/2  50:TOTAL_PARTS      track/2
DISCNUMBER        TPOS/1         disk/1           Disc/1           -       50:PART_NUMBER      disc/1
DISCTOTAL         TPOS/2         disk/2           Disc/2           -       60:TOTAL_PARTS      disc/2
DISCSUBTITLE      TSST           =                DiscSubtitle     -       50:SUBTITLE
DATE              TDRC           ©day             Year             ICRD    50:DATE_RELEASED    date
ORIGINALDATE      TDOR           =                =                -       =
ORIGINALYEAR      TXXX:originalyear  =                =                -       =
RELEASEDATE       TDRL           =                =                -       =
GENRE             TCON           ©gen             Genre            IGNR    =                   genre
MOOD              TMOO           =                Mood             -       =
COMMENT           COMM           ©cmt             Comment          ICMT    =                   comment
DESCRIPTION       =              desc             Description      -       =                   description
SYNOPSIS          =              ldes             =                -       =                   synopsis
LYRICS            USLT           ©lyr             Lyrics           -       =                   lyrics
COMPILATION       TCMP           cpil             Compilation      -       =                   compilation
BPM               TBPM           tmpo             BPM              -       =                   TBPM
KEY               TKEY           ----:initialkey  KEY              -       INITIAL_KEY         TKEY
ISRC              TSRC           =                ISRC             -       =                   TSRC
COMPOSER          TCOM           ©wrt             Composer         IMUS    =                   composer
COMPOSERSORT      TSOC           soco             =                -       =
LYRICIST          TEXT           =                Lyricist         IWRI    =                   TEXT
WRITER            TXXX:Writer    =                Writer           -       WRITTEN_BY
CONDUCTOR         TPE3           =                Conductor        -       =                   performer
REMIXER           TPE4           =                MixArtist        -       REMIXED_BY          TPE4
ARRANGER          TIPL:arranger  =                Arranger         -       =
ENGINEER          TIPL:engineer  =                Engineer         IENG    SOUND_ENGINEER
PRODUCER          TIPL:producer  =                Producer         -       =
MIXER             TIPL:mix       =                Mixer            -       MIXED_BY
DJMIXER           TIPL:DJ-mix    =                DJMixer          -       =
PERFORMER         TMCL           =                Performer        -       =
NARRATOR          =              ©nrt             =                -       =
GROUPING          TIT1           ©grp             Grouping         -       =                   grouping
WORK              =              ©wrk             =                -       =
MOVEMENTNAME      MVNM           ©mvn             =                -       =
MOVEMENT          MVIN/1         ©mvi             =                -       =
MOVEMENTTOTAL     MVIN/2         ©mvc             =                -       =
COPYRIGHT         TCOP           cprt             Copyright        ICOP    =                   copyright
LICENSE           WCOP           =                =                -       =
WEBSITE           WOAR           =                Weblink          -       =
LABEL             TPUB           =                Label            -       PUBLISHER           publisher
CATALOGNUMBER     =              =                CatalogNumber    -       CATALOG_NUMBER
BARCODE           =              =                Barcode          -       =
ASIN              =              =                =                -       =
MEDIA             TMED           =                Media            IMED    ORIGINAL_MEDIA_TYPE  TMED
LANGUAGE          TLAN           =                Language         ILNG    =                   language
SCRIPT            =              =                Script           -       =
ENCODEDBY         TENC           ©enc             EncodedBy        ITCH    ENCODED_BY          encoded_by
ORIGINALALBUM     TOAL           =                =                -       =                   TOAL
ORIGINALARTIST    TOPE           =                =                -       =                   TOPE
ORIGINALFILENAME  TOFN           =                =                -       =                   TOFN
GAPLESSPLAYBACK   =              pgap             =                -       =
PODCAST           PCST           pcst             =                -       =                   podcast
PODCASTURL        WFED           purl             =                -       =
SHOW              =              tvsh             =                -       =                   show
SHOWSORT          =              sosn             =                -       =                   sort_show
CATEGORY          TCAT           catg             =                -       =                   category
KEYWORDS          TKWD           keyw             =                IKEY    =                   keywords
MUSICBRAINZ_TRACKID  UFID:http://musicbrainz.org  ----:MusicBrainz Track Id  =                -       =
REPLAYGAIN_TRACK_GAIN  =              =                =                -       =
REPLAYGAIN_TRACK_PEAK  =              =                =                -       =
REPLAYGAIN_ALBUM_GAIN  =              =                =                -       =
REPLAYGAIN_ALBUM_PEAK  =              =                =                -       =
REPLAYGAIN_REFERENCE_LOUDNESS  =              =                =                -       =
`;

/** Names that ID3 and MP4 share, in `TXXX` and `----`; APEv2 and Matroska have those of Vorbis comments. */
const FREE: Readonly<Record<string, string>> = {
  RELEASESTATUS: 'MusicBrainz Album Status',
  RELEASETYPE: 'MusicBrainz Album Type',
  RELEASECOUNTRY: 'MusicBrainz Album Release Country',
  MUSICBRAINZ_RELEASETRACKID: 'MusicBrainz Release Track Id',
  MUSICBRAINZ_ALBUMID: 'MusicBrainz Album Id',
  MUSICBRAINZ_ARTISTID: 'MusicBrainz Artist Id',
  MUSICBRAINZ_ALBUMARTISTID: 'MusicBrainz Album Artist Id',
  MUSICBRAINZ_RELEASEGROUPID: 'MusicBrainz Release Group Id',
  MUSICBRAINZ_WORKID: 'MusicBrainz Work Id',
  MUSICBRAINZ_DISCID: 'MusicBrainz Disc Id',
  MUSICBRAINZ_ORIGINALALBUMID: 'MusicBrainz Original Album Id',
  MUSICBRAINZ_ORIGINALARTISTID: 'MusicBrainz Original Artist Id',
  ACOUSTID_ID: 'Acoustid Id',
  ACOUSTID_FINGERPRINT: 'Acoustid Fingerprint',
};

/** In Vorbis comments, and wherever names are free, these mean the same. */
const ALSO: Readonly<Record<string, string>> = {
  'ALBUM ARTIST': 'ALBUMARTIST',
  ALBUM_ARTIST: 'ALBUMARTIST',
  TRACK: 'TRACKNUMBER',
  TOTALTRACKS: 'TRACKTOTAL',
  DISC: 'DISCNUMBER',
  TOTALDISCS: 'DISCTOTAL',
  YEAR: 'DATE',
  UNSYNCEDLYRICS: 'LYRICS',
  INITIALKEY: 'KEY',
  PUBLISHER: 'LABEL',
  ORGANIZATION: 'LABEL',
  'ENCODED-BY': 'ENCODEDBY',
  MUSICBRAINZ_ALBUMSTATUS: 'RELEASESTATUS',
  MUSICBRAINZ_ALBUMTYPE: 'RELEASETYPE',
};

interface FieldRow {
  /** The name in Vorbis comments. */
  readonly key: string;
  /** Others of Vorbis comments that mean the same. */
  readonly also: readonly string[];
  /**
   * What the other families call it: a frame of ID3v2.4, with a name behind `TXXX:`, an owner behind `UFID:`
   * or a role behind `TIPL:`; an atom of `ilst`, with a name of iTunes' free ones behind `----:`; a level of
   * Matroska in front of `:`. A part of the value is behind `/`. Absent where the family has no place.
   */
  readonly names: Readonly<Partial<Record<TagFamily, string>>>;
}

interface Index {
  readonly byKey: ReadonlyMap<string, FieldRow>;
  readonly byName: Readonly<Record<TagFamily, ReadonlyMap<string, FieldRow>>>;
}

/** Made for the first field that is looked up: it takes some milliseconds, and many files carry none. */
let index: Index | null = null;

/** @returns undefined for a field that no family knows by a name of its own */
export function fieldOf(key: string): FieldRow | undefined {
  index ??= makeIndex();
  return index.byKey.get(key.toUpperCase());
}

/** The key of what a family calls so, by capitals or not; undefined where the table does not have it. */
export function keyOf(family: TagFamily, name: string): string | undefined {
  index ??= makeIndex();
  return index.byName[family].get(name.toUpperCase())?.key;
}

function makeIndex(): Index {
  const rows = fieldRows();
  const named = FAMILIES.map((family) => [
    family,
    new Map(rows.flatMap((row) => (row.names[family] ? [[row.names[family].toUpperCase(), row]] : []))),
  ]);
  return {
    byKey: new Map(rows.flatMap((row) => [row.key, ...row.also].map((key) => [key, row] as const))),
    byName: Object.fromEntries(named) as Record<TagFamily, Map<string, FieldRow>>,
  };
}

/** All fields that have a name of their own in some family, in the order of the table. */
export function fieldRows(): readonly FieldRow[] {
  const rows = TABLE.trim().split('\n');
  return [
    ...rows.map((line) => rowOf(line.split(/ {2,}/))),
    ...Object.entries(FREE).map(([key, name]) =>
      rowWith(key, { id3: `TXXX:${name}`, mp4: `----:${name}`, ape: key, matroska: key }),
    ),
  ];
}

function rowOf([key, ...cells]: readonly string[]): FieldRow {
  const free = { id3: `TXXX:${key}`, mp4: `----:${key}`, ape: key, riff: key, matroska: key, ffmpeg: key };
  const named = FAMILIES.flatMap((family, i) => {
    const cell = cells[i] ?? '-';
    return cell === '-' ? [] : [[family, cell === '=' ? free[family] : cell]];
  });
  return rowWith(key, Object.fromEntries(named));
}

function rowWith(key: string, names: FieldRow['names']): FieldRow {
  const also = Object.keys(ALSO).filter((other) => ALSO[other] === key);
  return { key, also, names };
}
