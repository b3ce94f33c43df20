-- What this database is to mmsync: which migrations it has, and which installation it belongs to.

CREATE TABLE IF NOT EXISTS mmsync_schema_version (
  number int(11) NOT NULL COMMENT 'Number of the migration: the digits its file begins with',
  name varchar(140) NOT NULL COMMENT 'Name of its file, without number and ending',
  sha256 binary(32) NOT NULL COMMENT 'SHA-256 of the file as it was applied; another file under the same number is refused',
  applied_at_ms bigint(20) NOT NULL COMMENT 'When it was applied, Unix ms',
  PRIMARY KEY (number)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Applied migrations of mmsync, one row each';

CREATE TABLE IF NOT EXISTS mmsync_installation (
  id tinyint(4) NOT NULL COMMENT 'Always 1: there is one row',
  site_uuid char(36) NOT NULL COMMENT 'mmsync_site, the mark of this installation on every event it makes outside',
  bound_database varchar(64) NOT NULL COMMENT 'Name of the database at the first schema apply; another name means a restored copy',
  bound_dir varchar(1000) NOT NULL COMMENT 'Real path of the site folder then; another path means a restored copy',
  bound_at_ms bigint(20) NOT NULL COMMENT 'When it was bound, Unix ms',
  PRIMARY KEY (id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='The installation that this database belongs to';
