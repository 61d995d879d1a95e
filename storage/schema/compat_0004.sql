-- `heard`: grows; whoever was heard of last has the greatest. The 64 that were heard of last are
-- remembered: a program that calls itself differently each time makes the file no larger than that.
ALTER TABLE lanyard_clients ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;
UPDATE lanyard_clients SET heard = number;
