-- (log) Into how many values a part may still be put: it was sent so many times more than it was used.
-- NULL in a file of before: counted from the log when the file is opened to be written.
ALTER TABLE lanyard_chunks ADD COLUMN unused INTEGER;
