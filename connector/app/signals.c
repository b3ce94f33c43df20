/* Signals: the first SIGINT or SIGTERM asks the running verb to stop; a lost reader is an error of writing. */
#include "mmsync/app.h"

#include <signal.h>

static atomic_bool is_stopped; /* a signal handler can reach nothing else */

const atomic_bool *
mms_app_stop_flag(void)
{
	return &is_stopped;
}

static void
stop(int signo)
{
	(void)signo;
	atomic_store(&is_stopped, true);
}

void
mms_app_catch_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}
