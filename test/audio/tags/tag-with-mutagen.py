"""Puts the same tags into audio files of all kinds with mutagen: what to write comes as JSON on stdin."""
import base64
import json
import sys

import mutagen
from mutagen import apev2, flac, id3, mp4

XIPH = {
    "title": "TITLE", "artists": "ARTIST", "album": "ALBUM", "albumartist": "ALBUMARTIST", "date": "DATE",
    "genres": "GENRE", "comment": "COMMENT", "lyrics": "LYRICS", "bpm": "BPM", "isrc": "ISRC",
    "sort": "ARTISTSORT", "album_id": "MUSICBRAINZ_ALBUMID", "track_id": "MUSICBRAINZ_TRACKID", "own": "MY OWN",
}
TEXTS = {
    "title": id3.TIT2, "artists": id3.TPE1, "album": id3.TALB, "albumartist": id3.TPE2, "date": id3.TDRC,
    "genres": id3.TCON, "bpm": id3.TBPM, "isrc": id3.TSRC, "sort": id3.TSOP,
}
ATOMS = {
    "title": "\xa9nam", "artists": "\xa9ART", "album": "\xa9alb", "albumartist": "aART", "date": "\xa9day",
    "genres": "\xa9gen", "comment": "\xa9cmt", "lyrics": "\xa9lyr", "sort": "soar",
}
FREE = "----:com.apple.iTunes:"


def picture(tags):
    made = flac.Picture()
    made.type, made.mime, made.desc, made.data = 3, "image/png", "front ✿", base64.b64decode(tags["picture"])
    return made


def into_xiph(audio, tags):
    audio.delete()
    for name, key in XIPH.items():
        audio[key] = tags[name]
    audio["TRACKNUMBER"], audio["TRACKTOTAL"], audio["COMPILATION"] = "3", "12", "1"
    if isinstance(audio, flac.FLAC):
        audio.clear_pictures()
        audio.add_picture(picture(tags))
    else:
        audio["METADATA_BLOCK_PICTURE"] = base64.b64encode(picture(tags).write()).decode()
    audio.save()


def into_id3(audio, tags, **how):
    if audio.tags is None:
        audio.add_tags()
    frames = audio.tags
    frames.clear()
    encoding = id3.Encoding.UTF16
    for name, frame in TEXTS.items():
        frames.add(frame(encoding=encoding, text=tags[name]))
    frames.add(id3.TRCK(encoding=0, text="3/12"))
    frames.add(id3.TCMP(encoding=0, text="1"))
    frames.add(id3.COMM(encoding=encoding, lang="eng", desc="", text=tags["comment"]))
    frames.add(id3.USLT(encoding=encoding, lang="deu", desc="", text=tags["lyrics"][0]))
    frames.add(id3.TXXX(encoding=encoding, desc="MY OWN", text=tags["own"]))
    frames.add(id3.TXXX(encoding=encoding, desc="MusicBrainz Album Id", text=tags["album_id"]))
    frames.add(id3.UFID(owner="http://musicbrainz.org", data=tags["track_id"][0].encode()))
    made = picture(tags)
    frames.add(id3.APIC(encoding=encoding, mime=made.mime, type=made.type, desc=made.desc, data=made.data))
    audio.save(**how)


def into_mp4(audio, tags):
    audio.delete()
    for name, atom in ATOMS.items():
        audio[atom] = tags[name]
    audio["trkn"], audio["cpil"], audio["tmpo"] = [(3, 12)], True, [int(tags["bpm"][0])]
    for name, key in (("isrc", "ISRC"), ("own", "MY OWN"), ("album_id", "MusicBrainz Album Id"),
                      ("track_id", "MusicBrainz Track Id")):
        audio[FREE + key] = [value.encode() for value in tags[name]]
    audio["covr"] = [mp4.MP4Cover(picture(tags).data, mp4.MP4Cover.FORMAT_PNG)]
    audio.save()


def into_ape(audio, tags):
    if audio.tags is None:
        audio.add_tags()
    names = dict(XIPH, title="Title", artists="Artist", album="Album", albumartist="Album Artist", date="Year",
                 genres="Genre", comment="Comment", lyrics="Lyrics")
    for name, key in names.items():
        audio[key] = tags[name]
    audio["Track"], audio["Compilation"] = "3/12", "1"
    cover = b"front.png\0" + picture(tags).data
    audio["Cover Art (Front)"] = apev2.APEValue(cover, apev2.BINARY)
    audio.save()


def put(path, tags):
    audio = mutagen.File(path)
    kind = type(audio).__name__
    if kind in ("FLAC", "OggVorbis", "OggOpus"):
        into_xiph(audio, tags)
    elif kind == "MP4":
        into_mp4(audio, tags)
    elif kind in ("WavPack", "MonkeysAudio"):
        into_ape(audio, tags)
    elif kind == "MP3":
        into_id3(audio, tags, v2_version=3 if ".23." in path else 4, v23_sep=None, v1=2)
    elif kind in ("WAVE", "AIFF", "TrueAudio"):
        into_id3(audio, tags)
    else:
        raise SystemExit(f"{path} is {kind}")


given = json.load(sys.stdin)
for each in sys.argv[1:]:
    put(each, given)
