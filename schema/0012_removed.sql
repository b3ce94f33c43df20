-- What cleanup removed, so that it can be put back.

CREATE TABLE IF NOT EXISTS mmsync_removed (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT COMMENT 'Order of arrival',
  run binary(16) NOT NULL COMMENT 'UUID of the cleanup that removed it',
  batch int(11) NOT NULL COMMENT 'Which of its transactions, from 1: what went together is put back together',
  rule varchar(32) NOT NULL COMMENT 'Why it went, as cleanup names it',
  table_name varchar(64) NOT NULL COMMENT 'The table that it stood in',
  integration_id bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'mmsync_cursor.id of its calendar; 0: of none, or of all',
  row_key varchar(320) NOT NULL COMMENT 'What it is found by in that table: its key as text, bytes in hexadecimal',
  content longtext NOT NULL COMMENT 'All its columns, JSON: each a text or null, bytes in hexadecimal',
  removed_ms bigint(20) NOT NULL COMMENT 'When it went, Unix ms',
  put_back_ms bigint(20) DEFAULT NULL COMMENT 'When cleanup --undo put it back, Unix ms; NULL: it did not',
  PRIMARY KEY (id),
  KEY run_batch (run, batch, table_name, row_key),
  KEY removed_ms (removed_ms)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Rows that cleanup removed, whole, until their own retention ends';
