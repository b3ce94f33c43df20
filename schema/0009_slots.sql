-- Requests at the same time: of a service that takes only so many for one mailbox, who has which of them.

CREATE TABLE IF NOT EXISTS mmsync_slot (
  provider varchar(16) NOT NULL COMMENT 'google, outlook or ical',
  scope varchar(200) NOT NULL COMMENT 'Whose: user:ADDRESS, as in mmsync_budget',
  slot tinyint(4) NOT NULL COMMENT 'Which of those that the service takes at the same time, from 1',
  holder varchar(100) DEFAULT NULL COMMENT 'The process that sends, as in lease_owner; NULL: free',
  held_until datetime(6) NOT NULL DEFAULT '2000-01-01 00:00:00.000000' COMMENT 'Free by then at the latest, clock of the database, UTC',
  heir varchar(100) DEFAULT NULL COMMENT 'The process that waits longest: nobody else takes what becomes free',
  heir_since datetime(6) DEFAULT NULL COMMENT 'It waits since then, UTC',
  heir_until datetime(6) DEFAULT NULL COMMENT 'It is dead if it does not say by then that it still waits, UTC',
  PRIMARY KEY (provider, scope, slot)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='Requests at the same time, shared by all workers';
