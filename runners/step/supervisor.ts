/** What stands in a step's output where a full disk has taken a piece of it. */
export const OUTPUT_LOST = "[up to 64 KiB of output lost here: no space left]";

/**
 * The main process of an agent container: a POSIX shell program that reads one line per command from a FIFO and runs
 * steps so that neither runner nor Docker daemon can stop a step or lose its result.
 *
 * Lines: `hello NONCE`, `run N [cap]`, `kill N SIGNAL`, `sweep N SIGNAL TOKEN`, `check N`, `quit`. One reader, lines of
 * at most 4096 bytes. Every name begins with `_sl`: a plain name could be a variable of the image, which a step inherits.
 */
export const SUPERVISOR = `cd "$1" || exit 125
[ -p ctl ] || mkfifo -m 666 ctl || exit 125
# Opened for both: it never reports an end of file, and whoever opens it to write can tell whether we live.
exec 3<>ctl </dev/null
# A handler, not an ignored signal: steps would inherit that.
trap 'exit 143' TERM

# Sets _sl_kills to the number of processes of this container that the kernel killed for memory, or - if it does not say.
_sl_count() {
  _sl_kills=-
  for _sl_file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    if [ -r "$_sl_file" ]; then
      while read -r _sl_key _sl_value; do
        case $_sl_key in oom_kill) _sl_kills=$_sl_value ;; esac
      done <"$_sl_file"
      return
    fi
  done
}

# Writes down how much memory this container may use, and the most that it has used; - where the kernel does not say.
_sl_memory() {
  _sl_limit=- _sl_peak=-
  for _sl_file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
    [ -r "$_sl_file" ] && read -r _sl_limit <"$_sl_file" && break
  done
  for _sl_file in /sys/fs/cgroup/memory.peak /sys/fs/cgroup/memory/memory.max_usage_in_bytes; do
    [ -r "$_sl_file" ] && read -r _sl_peak <"$_sl_file" && break
  done
  echo "$_sl_limit $_sl_peak end" >"st/$1.mem"
}

# Runs step $1; our standard output (and error, with $2) is the pipe to its relay. The end marker goes into the same
# pipe, behind the last byte of the script.
_sl_wait() {
  exec 3<&-
  ( . "./in/$1.run" ) &
  _sl_child=$!
  echo "$_sl_child" >"st/$1.pid"
  trap '' PIPE TERM
  wait "$_sl_child" 2>/dev/null
  _sl_code=$? _sl_oom=-
  _sl_count
  case $_sl_kills$_sl_before in *-*) ;; *) _sl_oom=$((_sl_kills - _sl_before)) ;; esac
  case $_sl_oom in - | 0) ;; *) _sl_memory "$1" ;; esac
  printf '%s-%s %s %s\\n' "$_sl_nonce" "$1" "$_sl_code" "$_sl_oom"
  case $2 in cap) printf '%s-%s %s %s\\n' "$_sl_nonce" "$1" "$_sl_code" "$_sl_oom" >&2 ;; esac
  until echo "$_sl_code $_sl_oom end" >"st/$1.exit"; do sleep 1; done
}

# Copies the pipe into segments out/$1.0, out/$1.1 … of at most 256 reads of 64 KiB. A segment is final when the next
# one exists. With more than 256 MiB unread it stops reading: the pipe fills and the step waits.
_sl_relay() {
  exec 3<&-
  _sl_k=0
  while :; do
    _sl_well=1
    dd bs=65536 count=256 2>"st/$1.dd" >>"out/$1.$_sl_k" || _sl_well=0
    IFS='+ ' read -r _sl_full _sl_part _sl_rest <"st/$1.dd" || { _sl_full=0; _sl_part=256; }
    [ $_sl_well = 1 ] && [ $((_sl_full + _sl_part)) -lt 256 ] && break
    _sl_k=$((_sl_k + 1))
    if [ $_sl_well = 0 ]; then
      until echo "${OUTPUT_LOST}" >"out/$1.$_sl_k"; do sleep 1; done
    fi
    while [ -e "out/$1.$((_sl_k - 8))" ] &&
      [ "$(du -ck "out/$1".* | tail -n 1 | tr -cd 0-9)" -gt 262144 ]; do sleep 1; done
  done
  # All writers are gone: without an exit file somebody killed the waiter.
  _sl_lost "\${1%.*}"
}

_sl_lost() {
  [ -e "st/$1.exit" ] || echo "lost - end" >"st/$1.exit"
}

# The owner of these files is the user that steps run as; HOME is what the engine found for it.
echo "$HOME" >home
: >ready
while :; do
  IFS=' ' read -r _sl_verb _sl_n _sl_arg _sl_token <&3 || continue
  case $_sl_verb in
  hello) _sl_nonce=\${_sl_nonce:-$_sl_n} ;;
  run)
    # The file is the claim: however often the line is sent, the step starts once.
    [ -e "st/$_sl_n.pid" ] && continue
    : >"st/$_sl_n.pid"
    _sl_count
    _sl_before=$_sl_kills
    case $_sl_arg in
    cap) { _sl_wait "$_sl_n" cap 2>&1 >&4 4>&- | _sl_relay "$_sl_n.out" 4>&-; } 4>&1 | _sl_relay "$_sl_n.val" & ;;
    *) _sl_wait "$_sl_n" '' 2>&1 | _sl_relay "$_sl_n.out" & ;;
    esac ;;
  check) read -r _sl_pid <"st/$_sl_n.pid" && kill -0 "$_sl_pid" 2>/dev/null || _sl_lost "$_sl_n" ;;
  kill) read -r _sl_pid <"st/$_sl_n.pid" && kill -s "$_sl_arg" -- "-$_sl_pid" ;;
  sweep)
    _sl_met=0
    for _sl_file in $(grep -ls "SLUICE_STEP=$_sl_token" /proc/[0-9]*/environ); do
      _sl_met=$((_sl_met + 1))
      _sl_file=\${_sl_file%/environ}
      kill -s "$_sl_arg" "\${_sl_file#/proc/}"
    done
    echo "$_sl_met end" >"st/$_sl_n.swept" ;;
  quit) exit 0 ;;
  esac
done
`;
