# bash completion for mmsync: commands, options, the words that an option takes, files.
# shellcheck shell=bash

# BEGIN completion: made by make docs from the program's tables
_mmsync_commands='sync push migrate reset event booking connect failures cleanup validate audit repair availability check-slot blocking-events feed status health metrics doctor demo schema help'
_mmsync_globals='--site --json --verbose --quiet --log-format --no-progress --color --help --version'
# the second words of a first one
_mmsync_family() {
	case $1 in
	event) _mmsync_words='sync' ;;
	booking) _mmsync_words='status' ;;
	connect) _mmsync_words='google outlook' ;;
	failures) _mmsync_words='list show retry discard release' ;;
	feed) _mmsync_words='preview' ;;
	schema) _mmsync_words='show check apply adopt' ;;
	*) _mmsync_words= ;;
	esac
}
# the options of a command
_mmsync_options() {
	case $1 in
	'sync') _mmsync_words='--due --integration --calendar-id --user --account-id --force-full --dry-run --confirm-deletes --jobs --timeout' ;;
	'push') _mmsync_words='--booking --pending --dry-run --timeout' ;;
	'migrate') _mmsync_words='--integration --dry-run --timeout' ;;
	'reset') _mmsync_words='--integration --confirm --dry-run --timeout' ;;
	'event sync') _mmsync_words='--timeout' ;;
	'booking status') _mmsync_words='' ;;
	'connect google') _mmsync_words='--integration --manual --timeout' ;;
	'connect outlook') _mmsync_words='--integration --manual --device --timeout' ;;
	'failures list') _mmsync_words='--integration --user --all' ;;
	'failures show') _mmsync_words='' ;;
	'failures retry') _mmsync_words='--all --integration --dry-run --timeout' ;;
	'failures discard') _mmsync_words='--dry-run' ;;
	'failures release') _mmsync_words='--all --integration --dry-run' ;;
	'cleanup') _mmsync_words='--older-than --dry-run --confirm --undo --list --timeout' ;;
	'validate') _mmsync_words='--doctype --accumulate --fail-on' ;;
	'audit') _mmsync_words='--doctype --user --integration --event --remote --sample --fail-on --format --plan' ;;
	'repair') _mmsync_words='--integration --user --plan --dry-run --timeout' ;;
	'availability') _mmsync_words='--user --from --to --zone' ;;
	'check-slot') _mmsync_words='--user --start --end --exclude-booking --zone' ;;
	'blocking-events') _mmsync_words='--user --from --to --zone' ;;
	'feed preview') _mmsync_words='--integration --from --to --zone' ;;
	'status') _mmsync_words='--integration --user' ;;
	'health') _mmsync_words='--fix' ;;
	'metrics') _mmsync_words='' ;;
	'doctor') _mmsync_words='--offline' ;;
	'demo') _mmsync_words='--feed --stop' ;;
	'schema show') _mmsync_words='' ;;
	'schema check') _mmsync_words='' ;;
	'schema apply') _mmsync_words='--with-frappe --with-busy-blocks-field --dry-run' ;;
	'schema adopt') _mmsync_words='--moved --copy' ;;
	'help') _mmsync_words='' ;;
	*) _mmsync_words= ;;
	esac
}
# does the command take files
_mmsync_takes_files() {
	case $1 in
	'validate') return 0 ;;
	'feed preview') return 0 ;;
	esac
	return 1
}
# the words that the argument of an option may be
_mmsync_choices() {
	case $1 in
	--log-format) _mmsync_words='text json' ;;
	--color) _mmsync_words='auto always never' ;;
	--fail-on) _mmsync_words='error warning' ;;
	--format) _mmsync_words='table json ndjson' ;;
	*) _mmsync_words= ;;
	esac
}
# options that are followed by their argument
_mmsync_with_argument=' --site --log-format --color --integration --calendar-id --user --account-id --jobs --timeout --booking --timeout --integration --timeout --integration --confirm --timeout --timeout --integration --timeout --integration --timeout --integration --user --integration --timeout  --integration --older-than --undo --timeout --doctype --fail-on --doctype --user --integration --event --sample --fail-on --format --plan --integration --user --plan --timeout --user --from --to --zone --user --start --end --exclude-booking --zone --user --from --to --zone --integration --from --to --zone --integration --user   --feed   '
_mmsync_doctypes=('MM Calendar Integration' 'MM Calendar Event Sync' 'MM Meeting Booking')
# END completion

_mmsync_reply() { mapfile -t COMPREPLY < <(compgen -W "$_mmsync_words" -- "$1"); }

# Files and folders, quoted by readline where they must be.
_mmsync_reply_files() {
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_mmsync_reply_doctypes() {
	local doctype begun=${1//[\\\"\']/}
	compopt -o filenames 2>/dev/null
	for doctype in "${_mmsync_doctypes[@]}"; do
		[[ $doctype == "$begun"* ]] && COMPREPLY+=("$doctype")
	done
}

_mmsync_reply_argument() { # option, what is begun
	case $1 in
	--site) _mmsync_reply_files -d "$2" ;;
	--doctype) _mmsync_reply_doctypes "$2" ;;
	--zone)
		_mmsync_words="UTC $(awk '!/^#/ { print $3 }' /usr/share/zoneinfo/zone.tab 2>/dev/null)"
		_mmsync_reply "$2"
		;;
	*)
		_mmsync_choices "$1"
		_mmsync_reply "$2"
		;;
	esac
}

_mmsync() {
	local begun=${COMP_WORDS[COMP_CWORD]} option='' command='' word i
	local -a typed=()
	COMPREPLY=()
	# bash splits --color=never into three words
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ -n $option ]]; then
			[[ $word == '=' ]] || option=''
		elif [[ $_mmsync_with_argument == *" $word "* ]]; then
			option=$word
		elif [[ $word != -* ]]; then
			typed+=("$word")
		fi
	done
	[[ $begun == '=' ]] && begun=''
	if [[ -n $option ]]; then
		_mmsync_reply_argument "$option" "$begun"
		return
	fi
	if [[ ${typed[0]-} == help && $begun != -* ]]; then
		typed=("${typed[@]:1}")
	fi
	command=${typed[0]-}
	_mmsync_family "$command"
	[[ -z $_mmsync_words ]] || command+=" ${typed[1]-}"
	if [[ $begun == -* ]]; then
		_mmsync_options "$command"
		_mmsync_words+=" $_mmsync_globals"
		_mmsync_reply "$begun"
	elif [[ ${#typed[@]} == 0 ]]; then
		_mmsync_words=$_mmsync_commands
		_mmsync_reply "$begun"
	elif [[ -n $_mmsync_words && ${#typed[@]} == 1 ]]; then
		_mmsync_reply "$begun"
	elif _mmsync_takes_files "$command"; then
		_mmsync_reply_files -f "$begun"
	fi
}
complete -F _mmsync mmsync
