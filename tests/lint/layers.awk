# layers.awk - fail when a file includes a header of a layer above its own.
# usage: awk -f layers.awk layers.txt FILE...   (header layer: its "Layer:" comment; file layer: its folder)
FNR == 1 { own = FILENAME; sub(/^connector\//, "", own); sub(/\/.*/, "", own) }
FILENAME ~ /^include\// && match($0, /Layer: [a-z]+/) { own = substr($0, RSTART + 7, RLENGTH - 7) }
FILENAME == ARGV[1] { if ($1 !~ /^#/ && NF) for (i = 2; i <= NF; i++) ok[$1, $i] = 1; next }
/^#include "mmsync\// {
	h = $2; gsub(/"/, "", h)
	if (!(h in layer)) {
		while ((getline line < ("include/" h)) > 0)
			if (match(line, /Layer: [a-z]+/)) { layer[h] = substr(line, RSTART + 7, RLENGTH - 7); break }
		close("include/" h)
	}
	if (!((own, layer[h]) in ok)) { printf "%s:%d: %s may not include %s (%s)\n", FILENAME, FNR, own, h, layer[h]; bad = 1 }
}
END { exit bad }
