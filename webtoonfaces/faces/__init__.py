"""Finding faces in photos, cutting them out upright, and pasting them back."""

from webtoonfaces.faces.align import AlignedFace
from webtoonfaces.faces.detect import Face, detect_faces
from webtoonfaces.faces.find import align_face, align_faces

__all__ = ["AlignedFace", "Face", "align_face", "align_faces", "detect_faces"]
