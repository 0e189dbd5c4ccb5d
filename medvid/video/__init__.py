"""A file -> frames with their true times: probe, decode, the library of videos."""

from medvid.video.decode import decode
from medvid.video.framelist import FrameList
from medvid.video.info import VideoInfo, VideoListing
from medvid.video.library import Library
from medvid.video.probe import probe

__all__ = ["FrameList", "Library", "VideoInfo", "VideoListing", "decode", "probe"]
