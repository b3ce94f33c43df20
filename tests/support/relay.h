/*
 * A relay between a client and a private MariaDB that reads the protocol and misbehaves when
 * told: what networks and clusters do to a statement, done to exactly the one that is meant.
 * Serves on 127.0.0.1, port of its own; no TLS.
 */
#ifndef SUPPORT_RELAY_H
#define SUPPORT_RELAY_H

#include <pthread.h>
#include <stdbool.h>

enum mms_relay_action {
	MMS_RELAY_PASS,
	MMS_RELAY_CUT_BEFORE, /* close both sides; the server never sees the command        */
	MMS_RELAY_CUT_AFTER,  /* the server does it, its answer is thrown away, both closed */
	MMS_RELAY_HANG,       /* neither is answered nor closed                             */
	/*
	 * What a Galera node does to a bulk statement whose transaction another node has beaten:
	 * the transaction is rolled back, the answer is OK with its affected rows, and only the
	 * in-transaction flag is cleared.
	 */
	MMS_RELAY_UNDO,
};

/* Commands of the protocol. */
enum { MMS_RELAY_QUERY = 0x03, MMS_RELAY_EXECUTE = 0x17, MMS_RELAY_BULK = 0xfa };

struct mms_relay {
	unsigned port;
	char host[32];          /* "127.0.0.1:port" */
	const char *upstream;   /* the server's socket */
	int listen_fd, stop_fd; /* stop_fd: its end stops the thread */
	int stop_reader;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	enum mms_relay_action action;
	int command;           /* which command ...                                  */
	const char *text;      /* ... whose text begins so (of a query); NULL: any   */
	int after;             /* let so many of them pass first                     */
	int n_hits;            /* how often it has misbehaved                        */
	const char *from, *to; /* in what either side says; as long as each other */
};

/* Keeps: upstream. */
void mms_relay_start(struct mms_relay *relay, const char *upstream);
void mms_relay_stop(struct mms_relay *relay);
/* Misbehave once, at the next such command after `after` others. Keeps: text. */
void mms_relay_arm(struct mms_relay *relay, enum mms_relay_action action, int command,
		   const char *text, int after);
/*
 * From now on say `to` where the server, or in a query the client, says `from`; they have one
 * length. NULL: no more.
 */
void mms_relay_replace(struct mms_relay *relay, const char *from, const char *to);
int mms_relay_n_hits(struct mms_relay *relay);

#endif
