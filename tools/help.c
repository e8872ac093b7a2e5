// SPDX-License-Identifier: GPL-2.0-only
/*
 * help.c - the texts of `gvt help`.
 */
#include <stdio.h>
#include <string.h>

#include "experiment.h"
#include "peer.h"

static const char general[] =
	"gvt - what a kernel thread costs and what a goroutine costs, with real numbers\n"
	"\n"
	"  gvt list                    the experiments and what they claim\n"
	"  gvt run NAME... | all       measure: threads and goroutines side by side\n"
	"  gvt stat [--] COMMAND...    run a command, then show what the kernel counted for it\n"
	"  gvt stat -p PID [SECONDS]   the same for processes that run already\n"
	"  gvt top                     live: kernel switches beside goroutine switches\n"
	"  gvt trace [--] COMMAND...   run a command, make a timeline of its goroutines and threads\n"
	"  gvt bench [NAME...]         measure: goroutines of libgo, of Go, and threads\n"
	"  gvt report RESULT.json      a page with pictures of what `gvt run --json` found\n"
	"  gvt doctor                  what this machine can do, what is missing, what brings it\n"
	"  gvt help [COMMAND | NAME]   this, or more about a command, or an experiment\n"
	"  gvt --version\n"
	"\n"
	"Exit status: 0; 1: something failed; 2: wrong use. `gvt stat` and `gvt trace` pass on their\n"
	"command's.\n"
	"The counters are those of gvt.ko where it is loaded (sudo make load), else those of\n"
	"procfs, getrusage and libgo; the output says which.\n";

static const char run_help[] =
	"gvt run [OPTION...] NAME... | all - measure threads and goroutines side by side\n"
	"\n"
	"  --json       one JSON document, after the last experiment\n"
	"  --csv        one row per metric, counter and verdict\n"
	"  --openmetrics  one document in that text format, for a Prometheus textfile collector\n"
	"  --where here|vm  here (the default), or the same in the lab virtual machine\n"
	"  --quick      smaller numbers, shorter measurements\n"
	"  --procs N    Ps of the goroutine side (GOMAXPROCS), 1 to 1024; else as many as CPUs\n"
	"  --svg F      draw the timelines (of parallel) into the file F\n"
	"  --pin        bind both sides to one CPU (and one P, where --procs says nothing)\n"
	"  --peers L    the same work in other languages, beside both sides: go,python,node,java,\n"
	"               some of them, or all; those that are not installed are named\n"
	"  --n N        how many, in place of what the experiment chooses:\n";

static const char run_help_end[] =
	"\n"
	"Each figure is the median of 5 repetitions, threads and goroutines in turn, each in a\n"
	"process of its own, each warmed up. Verdicts follow from the figures. Exit status 0 also\n"
	"where a verdict is \"fails\": that is a result. SIGINT, SIGTERM and SIGHUP end it with what\n"
	"was finished, and 128 + the signal's number; the second one ends it at once.\n";

static const char stat_help[] =
	"gvt stat [OPTION...] [--] COMMAND [ARG...] - what the kernel counted for a program\n"
	"\n"
	"gvt stat [OPTION...] -p PID[,PID...] [SECONDS]\n"
	"\n"
	"  -r, --repeat N   run the command N times, 1 to 10000: median, least and most\n"
	"  -p, --pid LIST   look at these processes instead, with commas between their numbers\n"
	"  --json           JSON in place of a table\n"
	"  --csv            CSV in place of a table: a row for each value\n"
	"  --openmetrics    that text format, for a Prometheus textfile collector\n"
	"  -o, --output F   write to the file F; else to standard error\n"
	"\n"
	"Counts the command and all its children from its first instruction on. Signals sent to\n"
	"gvt go on to the command; one that asks for an end also ends the repetitions. Exit\n"
	"status: the command's (with -r that of the first run that failed); 128 + N where signal\n"
	"N ended it; 126 where it can't be run, 127 where it isn't found.\n"
	"\n"
	"With -p it ends after SECONDS, when the processes have ended, or by Ctrl-C, and prints in\n"
	"any case. Exit status then: 0; 128 + N where another signal N ended it. Processes of\n"
	"other users: gvt.ko asks for CAP_SYS_PTRACE; without it they are read from procfs.\n"
	"\n"
	"Moves to another CPU are counted where kernel.perf_event_paranoid allows it.\n";

static const char top_help[] =
	"gvt top [OPTION...] - live: kernel switches and goroutine switches of each process\n"
	"\n"
	"  -b, --batch      plain lines, also on a terminal; else where there is none\n"
	"  -n, --count N    end after N tables; else never\n"
	"  -d, --delay S    seconds between two readings, from 0.1 on; else 2\n"
	"  -s, --sort KEY   kernel, goroutine, cpu, wait, threads or pid; else kernel\n"
	"  -f, --filter F   only names that contain F, or the process of that number\n"
	"  -p, --pid LIST   only these processes, with commas between their numbers\n"
	"  -t, --threads P  the threads of process P\n"
	"\n"
	"Keys: k g c w n p sort by kernel switches, goroutine switches, CPU, wait, number of\n"
	"threads, process number; s by the next of these; Enter opens the threads of the marked\n"
	"process, Esc goes back; / filters; + and - change the delay; Space pauses; ? tells all;\n"
	"q quits. Each figure is for a second, over the time between two readings.\n"
	"\n"
	"Changes nothing: it shows what gvt.ko counts for processes that are watched anyway, as\n"
	"all are that run libgo, and what procfs tells of the threads of all others.\n"
	"Exit status: 0; 128 + N where signal N ended it, Ctrl-C too.\n";

static const char trace_help[] =
	"gvt trace [OPTION...] [--] [COMMAND [ARG...]] - a timeline of goroutines and threads\n"
	"\n"
	"  -o, --output F   write it to the file F, for https://ui.perfetto.dev; \"-\" is standard\n"
	"                   output, and then what the command writes there goes to standard error\n"
	"      --text       draw it in the terminal: with -o, or in its place\n"
	"  -i, --input F    no command: draw the trace F (or of LIBGO_TRACE); \"-\": stdin\n"
	"      --no-kernel  leave the kernel's switches out\n"
	"\n"
	"Goroutines on Ps and Ms, and who woke whom, where the command runs libgo; on which CPU\n"
	"each of its threads was, where kernel.perf_event_paranoid is 2 or less; by one clock. The\n"
	"file is there as a whole or not at all. Signals sent to gvt go on to the command. Exit\n"
	"status: the command's; 128 + N where signal N ended it; 126 where it can't be run, 127\n"
	"where it isn't found.\n";

static const char doctor_help[] =
	"gvt doctor [--json] - what this machine can do, what is missing, and what brings it\n"
	"\n"
	"Changes nothing. Exit status 0 also where something is missing.\n";

static const char bench_help[] =
	"gvt bench [OPTION...] [NAME... | all] - the same work in libgo, in pthreads and in Go\n"
	"\n"
	"  --json           one JSON document\n"
	"  --quick          fewer operations\n"
	"  --procs N[,N]    Ps (GOMAXPROCS); for threads: CPUs; else 1,2\n"
	"  -r N             repetitions, 5 to 99; else 5\n"
	"  --list           the workloads: without NAME, all of them\n"
	"  --one SIDE NAME N PROCS   one repetition in this process, of libgo or pthread, N\n"
	"                   operations: for perf, gdb and valgrind\n"
	"\n"
	"Each figure is the median of the repetitions, the three in turn, each in a process of\n"
	"its own, each warmed up. A target that is missed is a result: exit status 0 all the\n"
	"same. Go's side is a program that `make bench` builds; GVT_PEERS names its folder.\n";

static const char report_help[] =
	"gvt report [OPTION...] RESULT.json [AFTER.json] - a page with pictures of a result\n"
	"\n"
	"  -o, --output DIR   where to write; else gvt-report; -: the page to standard output\n"
	"\n"
	"`gvt run all --quick --json >result.json` makes a result; - reads one from standard input.\n"
	"Two of them are compared: each figure before and after, the difference, and whether it is\n"
	"larger than the spread of the repetitions.\n"
	"DIR/report.html is one file that needs no other; the pictures are beside it (*.svg). Files\n"
	"that gvt report made before are replaced, others never. gnuplot draws (Debian's\n"
	"gnuplot-nox); without it the page has tables only, and the exit status is 0 all the same.\n";

static const char list_help[] =
	"gvt list [--json] - the experiments and what they claim\n";

static void print_run_help(void)
{
	fputs(run_help, stdout);
	for (int i = 0; experiments[i]; i++)
		printf("                 %-10s %s\n", experiments[i]->name, experiments[i]->n_means);
	fputs(run_help_end, stdout);
}

static void print_experiment(const struct experiment *e)
{
	printf("gvt run %s - %s\n\n%s\n--n: %s (at most %lu)\n", e->name, e->claim, e->about,
	       e->n_means, e->n_max);
	peer_print_help(e->name);
}

bool print_help(const char *name)
{
	const struct experiment *e = experiment_find(name);

	if (!*name)
		fputs(general, stdout);
	else if (!strcmp(name, "run"))
		print_run_help();
	else if (!strcmp(name, "stat"))
		fputs(stat_help, stdout);
	else if (!strcmp(name, "top"))
		fputs(top_help, stdout);
	else if (!strcmp(name, "trace"))
		fputs(trace_help, stdout);
	else if (!strcmp(name, "doctor"))
		fputs(doctor_help, stdout);
	else if (!strcmp(name, "bench"))
		fputs(bench_help, stdout);
	else if (!strcmp(name, "report"))
		fputs(report_help, stdout);
	else if (!strcmp(name, "list"))
		fputs(list_help, stdout);
	else if (!strcmp(name, "help"))
		fputs("gvt help [COMMAND | NAME] - how to use gvt, one of its commands, or an experiment\n", stdout);
	else if (e)
		print_experiment(e);
	else
		return false;
	return true;
}
