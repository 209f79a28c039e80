"""What mutagen reads of the tags of files, a line of JSON each: names as the format has them, values in order."""
import base64
import hashlib
import json
import sys

import mutagen
from mutagen.flac import FLAC, Picture
from mutagen.mp4 import MP4, AtomDataType


def of_picture(type_, mime, desc, data):
    return {"type": type_, "mime": mime, "description": desc, "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest()}


def of_block(block):
    return of_picture(block.type, block.mime, block.desc, block.data)


def xiph(audio):
    fields, pictures = [], []
    for name, value in audio.tags or []:
        if name.upper() == "METADATA_BLOCK_PICTURE":
            pictures.append(of_block(Picture(base64.b64decode(value))))
        else:
            fields.append([name, value])
    if isinstance(audio, FLAC):
        pictures = [of_block(block) for block in audio.pictures]
    return {"fields": fields, "pictures": pictures}


def id3(tags):
    fields, pictures, chapters = [], [], []
    for key, frame in (tags or {}).items():
        name = frame.FrameID
        if name == "APIC":
            pictures.append(of_picture(int(frame.type), frame.mime, frame.desc, frame.data))
        elif name == "CHAP":
            title = frame.sub_frames.get("TIT2")
            chapters.append([frame.start_time, frame.end_time, str(title.text[0]) if title else ""])
        elif name == "CTOC":
            fields.append([key, *frame.child_element_ids])
        elif name in ("TIPL", "TMCL"):
            fields.append([name, *[value for pair in frame.people for value in pair]])
        elif name == "UFID":
            fields.append([key, frame.data.decode()])
        elif name == "USLT":
            fields.append([key, frame.text])
        elif hasattr(frame, "url"):
            fields.append([key, frame.url])
        elif hasattr(frame, "text"):
            fields.append([key, *[str(value) for value in frame.text]])
        else:
            fields.append([key, repr(frame)])
    return {"fields": fields, "pictures": pictures, "chapters": sorted(chapters)}


MIMES = {AtomDataType.JPEG: "image/jpeg", AtomDataType.PNG: "image/png"}


def mp4(audio):
    fields, pictures = [], []
    for name, values in (audio.tags or {}).items():
        if name == "covr":
            pictures = [of_picture(3, MIMES.get(cover.imageformat, ""), "", bytes(cover)) for cover in values]
            continue
        values = values if isinstance(values, list) else [values]
        fields.append([name, *[bytes(v).decode() if isinstance(v, bytes) else v for v in values]])
    chapters = [[round(chapter.start * 1000), None, chapter.title] for chapter in audio.chapters or []]
    return {"fields": fields, "pictures": pictures, "chapters": chapters}


def read(path):
    audio = mutagen.File(path)
    if audio is None:
        return None
    kind = type(audio).__name__
    if kind == "MP4":
        return mp4(audio)
    if kind in ("MP3", "WAVE", "AIFF"):
        return id3(audio.tags)
    return xiph(audio)


for path in sys.argv[1:]:
    print(json.dumps(read(path)))
