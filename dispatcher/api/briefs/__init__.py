"""Daily and weekly briefs: figures become a document of plain parts, and that becomes DOCX or JSON."""
