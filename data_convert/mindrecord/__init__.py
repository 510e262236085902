"""MindRecord, the format MindFormers trains from: the kit's own writer and reader of it."""

from data_convert.mindrecord.reader import MindRecordReader
from data_convert.mindrecord.writer import MindRecordWriter, write_mindrecord

__all__ = ["MindRecordReader", "MindRecordWriter", "write_mindrecord"]
