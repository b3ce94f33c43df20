-- Circuits: what fails again and again is left alone, an integration by itself, or a service as a whole.

ALTER TABLE mmsync_cursor
  ADD COLUMN IF NOT EXISTS circuit_failures int(11) NOT NULL DEFAULT 0 COMMENT 'Turns in a row that the service or the network failed: what opens the circuit' AFTER circuit_opens;

CREATE TABLE IF NOT EXISTS mmsync_circuit (
  scope varchar(255) NOT NULL COMMENT 'A service (google, outlook), or a host of feeds (https://example.com)',
  state tinyint(4) NOT NULL DEFAULT 0 COMMENT '0 closed, 1 open, 2 half open: one is trying',
  failures int(11) NOT NULL DEFAULT 0 COMMENT 'Failures in a row, none of the same calendar as the one before',
  opens int(11) NOT NULL DEFAULT 0 COMMENT 'How often it opened in a row',
  until_ms bigint(20) NOT NULL DEFAULT 0 COMMENT 'An open circuit lets one try through after this, Unix ms',
  last_key bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'Which calendar failed last',
  closings bigint(20) NOT NULL DEFAULT 0 COMMENT 'How often something went well after failures: a failure that began before that does not count',
  version bigint(20) NOT NULL DEFAULT 1 COMMENT 'One more with each change: nobody undoes what another has written meanwhile',
  probe varchar(100) DEFAULT NULL COMMENT 'Who is trying: a worker''s lease_owner',
  probe_until datetime(6) DEFAULT NULL COMMENT 'Another may try after this; UTC, the database''s clock',
  changed_ms bigint(20) NOT NULL COMMENT 'When it changed last, Unix ms',
  error varchar(500) DEFAULT NULL COMMENT 'What the last failure said',
  PRIMARY KEY (scope)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Services and hosts of feeds that had trouble';
