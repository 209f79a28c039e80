"""Puts tags into FLAC files with mutagen: what goes into which comes as JSON on stdin."""
import base64
import json
import sys

from mutagen.flac import FLAC, Picture

for path, tags in json.load(sys.stdin).items():
    audio = FLAC(path)
    audio.delete()
    audio.clear_pictures()
    for name, value in tags["fields"]:
        audio.tags.append((name, value))
    for type_, mime, description, data in tags["pictures"]:
        picture = Picture()
        picture.type, picture.mime, picture.desc, picture.data = type_, mime, description, base64.b64decode(data)
        audio.add_picture(picture)
    audio.save()
