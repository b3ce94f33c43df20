-- Outward work: what still has to leave, what was given up, and how much a service lets us send.

CREATE TABLE IF NOT EXISTS mmsync_outbox (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT COMMENT 'Order of arrival (not of commit)',
  integration_id bigint(20) unsigned NOT NULL COMMENT 'Target: mmsync_cursor.id',
  operation varchar(16) NOT NULL COMMENT 'create, update or delete',
  uuid binary(16) NOT NULL COMMENT 'Correlation UUID of the event: one waiting change for each, the newest',
  external_id varchar(2048) COLLATE utf8mb4_nopad_bin DEFAULT NULL COMMENT 'Its id at the service, once it has one',
  type tinyint(4) NOT NULL COMMENT '1 user_event, 2 booking, 3 busy_block',
  booking varchar(140) DEFAULT NULL COMMENT 'MM Meeting Booking that it is for',
  source_uuid binary(16) DEFAULT NULL COMMENT 'Correlation UUID of the source of a busy block',
  payload mediumtext DEFAULT NULL COMMENT 'Content to be sent where it cannot be made from the booking or source, JSON',
  attempts int(11) NOT NULL DEFAULT 0 COMMENT 'Tries so far',
  next_attempt_ms bigint(20) NOT NULL DEFAULT 0 COMMENT 'Not before, Unix ms',
  error_code varchar(32) DEFAULT NULL COMMENT 'Code of the last error',
  error_text text DEFAULT NULL COMMENT 'The last error',
  created_at_ms bigint(20) NOT NULL COMMENT 'When it was put here, Unix ms',
  changed_at_ms bigint(20) NOT NULL COMMENT 'When it last changed, Unix ms',
  PRIMARY KEY (id),
  UNIQUE KEY uuid (uuid),
  KEY integration_id_next_attempt_ms (integration_id, next_attempt_ms),
  KEY booking (booking)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Outward changes that are not yet confirmed';

CREATE TABLE IF NOT EXISTS mmsync_dead_letter (
  id bigint(20) unsigned NOT NULL AUTO_INCREMENT COMMENT 'Id for failures show, retry, discard',
  integration_id bigint(20) unsigned NOT NULL DEFAULT 0 COMMENT 'mmsync_cursor.id; 0: none',
  ext_key binary(16) NOT NULL COMMENT 'First 16 bytes of the SHA-256 of the id as the event row holds it',
  operation varchar(16) NOT NULL COMMENT 'apply (an event into its row), create, update or delete (outside)',
  external_id varchar(2048) COLLATE utf8mb4_nopad_bin DEFAULT NULL COMMENT 'Id of the event at the service',
  payload mediumtext DEFAULT NULL COMMENT 'What could not be stored or sent, without secrets',
  content_print binary(16) DEFAULT NULL COMMENT 'Digest of the row that was wanted: given up, it is tried again only with another',
  error_code varchar(32) NOT NULL COMMENT 'Code of the last error',
  error_text text NOT NULL COMMENT 'The last error',
  attempts int(11) NOT NULL DEFAULT 0 COMMENT 'Tries so far',
  first_at_ms bigint(20) NOT NULL COMMENT 'First failure, Unix ms',
  last_at_ms bigint(20) NOT NULL COMMENT 'Last failure, Unix ms',
  given_up tinyint(4) NOT NULL DEFAULT 0 COMMENT '1: not tried again by itself',
  PRIMARY KEY (id),
  UNIQUE KEY integration_id_ext_key_operation (integration_id, ext_key, operation)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Single changes that failed, with their reasons';

CREATE TABLE IF NOT EXISTS mmsync_budget (
  provider varchar(16) NOT NULL COMMENT 'google, outlook or ical',
  scope varchar(200) NOT NULL COMMENT 'Whose budget: user:ADDRESS or project:CLIENT',
  window_start_ms bigint(20) NOT NULL DEFAULT 0 COMMENT 'Start of the time span that used counts, Unix ms',
  used bigint(20) NOT NULL DEFAULT 0 COMMENT 'Requests since then, of all workers',
  wait_until_ms bigint(20) DEFAULT NULL COMMENT 'Not before, because the service said so, Unix ms',
  PRIMARY KEY (provider, scope)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Request budgets that all workers share';
