"""MindRecord, the format MindFormers trains from: the kit's own writer and reader of it."""

from data_convert.mindrecord.writer import MindRecordWriter, write_mindrecord

__all__ = ["MindRecordWriter", "write_mindrecord"]
