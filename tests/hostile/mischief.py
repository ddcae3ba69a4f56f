"""What solvers do to the referee here, each on one instance only, and what the row of that must say."""

from dataclasses import dataclass
from textwrap import indent

from ..runs import HEADER

TOOLS = """
import ctypes, mmap, random, re, socket, subprocess, tempfile, threading
from rdebench.bench import listening
from rdebench.bench.inbox import Outbox
from rdebench.solvers import Solution

REPLIES = int(sys.argv[2])
C = ctypes.CDLL(None)

def send(**header):
    Outbox(REPLIES).send({"event": "done", "index": 1, "status": "answered", "seconds": 0.0} | header)

def hold(megabytes):
    return [np.ones(2**17) for _ in range(megabytes)]

def hold_shared(megabytes):
    block = mmap.mmap(-1, megabytes * 2**20)
    for _ in range(megabytes):
        block.write(bytes(2**20))
    return block

def in_child(action):
    child = os.fork()
    if child == 0:
        action()
        os._exit(0)
    return child

def daemon():
    def leave():
        os.setsid()
        in_child(lambda: time.sleep(600))
    os.waitpid(in_child(leave), 0)

class Rude(Exception):
    def __str__(self):
        raise RuntimeError("no words")

class Odd(np.ndarray):
    def __array__(self, *_, **__):
        raise SystemExit("from __array__")

class Moody(Solution):
    @property
    def scm(self):
        raise KeyboardInterrupt("from a property")
    def __init__(self): pass
    power = bandwidth = np.zeros(2)
    status = bound = None

class Posing:
    "Looks like an array."
    def __array__(self, *_, **__):
        return np.array([None])
"""


@dataclass(frozen=True)
class Mischief:
    """What ``solve`` does once.

    Attributes:
        name: Name of the solver.
        body: Its statements.
        status: Status of the row, before it is compared with a reference.
        message: Regular expression that the row's message matches; None if there is none.
    """

    name: str
    body: str
    status: str
    message: str | None = None

    @property
    def source(self) -> str:
        """A solver that does this on three users."""
        return f'''
class {self.name.title().replace("-", "")}(Solver):
    "Misbehaves on three users."
    name = "{self.name}"
    def solve(self, problem, *, rng, budget):
        if problem.users != 3:
            return equal(problem)
{indent(self.body, " " * 8)}
'''


def plugin(mischief: "tuple[Mischief, ...]", *more: str) -> str:
    """A plugin file with a solver for each, and more source text."""
    return HEADER + TOOLS + "".join(more) + "".join(one.source for one in mischief)


def one_after_the_other(name: str, cases: tuple[Mischief, ...]) -> str:
    """A solver that does the cases on its first instances, one on each, in one process."""
    methods = (
        f"    def case_{index}(self, problem, users, budget):\n{indent(case.body, ' ' * 8)}\n"
        for index, case in enumerate(cases)
    )
    return SOLVER.format(title=name.title(), name=name) + "".join(methods)


M = Mischief

DIES = (
    M("raises", "raise ZeroDivisionError('on purpose')", "error", "ZeroDivisionError: on purpose"),
    M("raises-at-the-root", "raise BaseException('of all')", "error", "BaseException: of all"),
    M("interrupts", "raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
    M("wordless", "raise Rude", "error", "Rude"),
    M("wordy", "raise ValueError('x' * 10**8)", "error", "xxx$"),
    M("unspeakable", r"raise ValueError('\ud800 half a pair')", "error", "half a pair"),
    M("recurses", "return self.solve(problem, rng=rng, budget=budget)", "error", "RecursionError"),
    M("leaves", "sys.exit(0)", "error", "SystemExit: 0"),
    M("exits", "os._exit(3)", "error", "exit code 3"),
    M("crashes", "ctypes.string_at(0)", "error", "killed by SIGSEGV.*Segmentation fault.*in solve"),
    M("aborts", "os.abort()", "error", "killed by SIGABRT.*in solve"),
    M("kills-itself", "os.kill(os.getpid(), signal.SIGKILL)", "error", "killed by SIGKILL.*out of memory"),
    M("kills-its-group", "os.killpg(0, signal.SIGTERM)", "error", "killed by SIGTERM"),
    M(
        "hangs-up",
        "os.closerange(3, 100); return equal(problem)",
        "error",
        "closed its connection|exit code 1",
    ),
    M("forks-and-exits", "os.fork() or time.sleep(600); os._exit(5)", "error", "exit code 5"),
    M("kills-its-guard", "os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)", "error", "guards it"),
    M(
        "kills-its-guard-unseen",
        "daemon(); C.prctl(1, 0, 0, 0, 0); os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)",
        "error",
        "guards it",
    ),
)

HANGS = (
    M("sleeps", "time.sleep(600)", "time_limit", "killed after 2 s"),
    M("spins", "while True: pass", "time_limit", "killed after 2 s"),
    M("hangs-in-c", "ctypes.PyDLL(None).sleep(600)", "time_limit", "killed after 2 s"),
    M("matches", "re.match('(a+)+$', 'a' * 60 + 'b')", "time_limit", "killed after 2 s"),
    M(
        "catches-all",
        "while True:\n    try: time.sleep(600)\n    except BaseException: pass",
        "time_limit",
        "2 s",
    ),
    M("stops-itself", "os.kill(os.getpid(), signal.SIGSTOP); return equal(problem)", "time_limit", "2 s"),
    M("stops-its-guard", "os.kill(os.getppid(), signal.SIGSTOP); time.sleep(600)", "time_limit", "2 s"),
    M(
        "ignores-signals",
        "[signal.signal(n, signal.SIG_IGN) for n in (2, 15)]; time.sleep(600)",
        "time_limit",
        "2 s",
    ),
    M("half-a-frame", r"os.write(REPLIES, b'\x20\0\0\0\0\0\0\0half'); time.sleep(600)", "time_limit", "2 s"),
    M(
        "drips",
        "os.write(REPLIES, (10**6).to_bytes(8, 'little'))\nwhile True: os.write(REPLIES, b' '); time.sleep(0.01)",
        "time_limit",
        "2 s",
    ),
    M(
        "reports-for-ever",
        "while True: send(event='incumbent', seconds=0.0, evaluations=0); time.sleep(0.005)",
        "time_limit",
        "2 s",
    ),
    M("leaves-daemons", "for _ in range(5): daemon()\ntime.sleep(600)", "time_limit", "2 s"),
    M(
        "multiplies",
        "for _ in range(6): os.fork()\ntime.sleep(600)",
        "time_limit",
        "2 s",
    ),
)

EATS = (
    M("hogs", "raise MemoryError", "memory_limit", "MemoryError"),
    M("asks-for-much", "np.empty(2**40)", "memory_limit", "Unable to allocate"),
    M("eats", "kept = hold(4000); time.sleep(600)", "memory_limit", "limit is 1 GiB"),
    M("eats-shared-memory", "kept = hold_shared(1500); time.sleep(600)", "memory_limit", "limit of 1 GiB"),
    M(
        "eats-in-children",
        "for _ in range(3): in_child(lambda: (hold(500), time.sleep(600)))\ntime.sleep(600)",
        "memory_limit",
        "limit of 1 GiB",
    ),
    M(
        "terminates",
        "os.write(2, b\"terminate called after throwing an instance of 'std::bad_alloc'\\n\"); os.abort()",
        "memory_limit",
        "SIGABRT.*bad_alloc",
    ),
)

FORGES = (
    M("garbage", "os.write(REPLIES, b'\\0' * 1000); time.sleep(600)", "error", "not an answer"),
    M("endless-frame", "os.write(REPLIES, b'\\xff' * 8); time.sleep(600)", "error", "not an answer"),
    M("wrong-index", "send(index=4); time.sleep(600)", "error", "not an answer"),
    M("many-digits", "send(seconds=10**400); time.sleep(600)", "error", "not an answer"),
    M("no-time", "send(seconds='none'); os._exit(0)", "invalid", "reports no time"),
    M("before-it-began", "send(seconds=-5.0); os._exit(0)", "invalid", "reports no time"),
    M("after-its-end", "send(seconds=1e300); os._exit(0)", "invalid", "reports no time"),
    M(
        "fails-before-it-began",
        "send(status='error', seconds=-1e300, message='so'); time.sleep(600)",
        "error",
        "so",
    ),
    M(
        "floods",
        "while True: send(event='incumbent', seconds=0.0, evaluations=0)",
        "error",
        "sent more than 2000 incumbents",
    ),
    M("no-status", "send(status=['answered']); os._exit(0)", "error", "unknown status"),
    M(
        "booleans",
        "send(seconds=True, evaluations=True, peak_memory=True, bound=True); os._exit(0)",
        "invalid",
        "scm is",
    ),
    M(
        "odd-claims",
        "send(claim=['infeasible'], bound={'high': 1}, message={'no': 'text'}); os._exit(0)",
        "invalid",
        "status is",
    ),
    M(
        "odd-incumbents",
        "[send(event='incumbent', seconds=s, evaluations=e) for s, e in "
        "((True, True), (None, 1), (-1.0, -1), (float('nan'), 0.5), ('1', '1'), ([], {}))]; os._exit(4)",
        "error",
        "exit code 4",
    ),
    M("no-arrays", "send(); os._exit(0)", "invalid", "scm is None"),
    M("answers-twice", "send(); return equal(problem)", "error", "answered twice"),
    M("says-it-failed", "send(event='failed', message='on its own'); time.sleep(600)", "error", "on its own"),
    M(
        "stops-the-clock",
        "now = time.perf_counter(); listening._clock = time.perf_counter = lambda: now\n"
        "time.sleep(2); return equal(problem)",
        "invalid",
        "reports .* s of work so far; by the referee's clock it was at least",
    ),
)

SOLVER = """
class {title}(Solver):
    "Does something else on each instance."
    name = "{name}"
    def solve(self, problem, *, rng, budget):
        frame = sys._getframe()
        while frame is not None and "index" not in frame.f_locals:
            frame = frame.f_back
        case = getattr(self, f"case_{{frame.f_locals['index']}}", None) if frame is not None else None
        return equal(problem) if case is None else case(problem, problem.users, budget)
"""

NONSENSE = (
    M(
        "nan",
        "return equal(problem, power=np.full(users, np.nan))",
        "invalid",
        "power holds a value that is not finite",
    ),
    M(
        "shape",
        "return equal(problem, bandwidth=np.ones((4, users)))",
        "invalid",
        r"shape \(4, \d\); it must be \(\d,\)",
    ),
    M("objects", "return equal(problem, power=np.array([None] * users))", "invalid", "power has type object"),
    M("words", "return equal(problem, power=['a'] * users)", "invalid", "power has type"),
    M("complex", "return equal(problem, power=np.full(users, 1j))", "invalid", "power has type complex128"),
    M("fractions", "return equal(problem, scm=np.full(users, 0.5))", "invalid", "scm"),
    M("nothing", "return None", "invalid", "solve returned NoneType"),
    M("dict", "return vars(equal(problem))", "invalid", "solve returned dict"),
    M("odd", "return equal(problem, power=equal(problem).power.view(Odd))", "feasible"),
    M("moody", "return Moody()", "error", "from a property"),
    M("posing", "return equal(problem, power=Posing())", "invalid", "power has type"),
    M("enormous", "return equal(problem, power=np.ones(2**24))", "invalid", r"power has shape \(16777216,\)"),
    M("huge", "return equal(problem, power=np.full(users, 1e308))", "invalid", "too large"),
    M("greedy", "return equal(problem, power=np.full(users, problem.power_budget))", "violated"),
    M("negative", "return equal(problem, bandwidth=np.full(users, -1.0))", "violated"),
    M("out-of-range", "return equal(problem, scm=np.full(users, 10**6))", "invalid", "scm"),
    M(
        "liar",
        "return Solution(None, None, None, status='infeasible')",
        "invalid",
        "infeasible, which is false",
    ),
    M(
        "boundless",
        "return Solution(None, None, None, status='unbounded')",
        "invalid",
        "unbounded, which is false",
    ),
    M("chatty", "return Solution(None, None, None, status='x' * 10**6)", "invalid", "status is 'xxx"),
    M("low", "return equal(problem, bound=1.0)", "invalid", "claims the bound 1.0"),
    M("bound-nan", "return equal(problem, bound=float('nan'))", "invalid", "bound is nan"),
    M("bound-words", "return equal(problem, bound='high')", "invalid", "bound"),
)

HARMLESS = (
    M("loud", "[os.write(n, b'x' * 10**8) for n in (1, 2)]; return equal(problem)", "feasible"),
    M("forks", "os.fork(); return equal(problem)", "feasible"),
    M("leaves-a-daemon", "daemon(); return equal(problem)", "feasible"),
    M("leaves-a-child", "in_child(lambda: time.sleep(600)); return equal(problem)", "feasible"),
    M(
        "leaves-threads",
        "[threading.Thread(target=time.sleep, args=(600,)).start() for _ in range(20)]; return equal(problem)",
        "feasible",
    ),
    M("cheats", "RDEProblem.evaluate = lambda *_: 1e99; return equal(problem)", "feasible"),
    M("reseeds", "np.random.seed(0); random.seed(0); return equal(problem)", "feasible"),
    M(
        "mutates",
        "object.__setattr__(problem, 'power_budget', 1e9); return equal(problem)",
        "violated",
    ),
    M(
        "rescales",
        "object.__setattr__(problem, 'gain', problem.gain * 1e9); return equal(problem)",
        "feasible",
    ),
    M("moves", "os.chdir('/'); return equal(problem)", "feasible"),
    M(
        "litters",
        "tempfile.mkstemp(); open('litter', 'wb').write(bytes(2**24)); return equal(problem)",
        "feasible",
    ),
    M("buys-time", "budget.seconds = budget.evaluations = None; return equal(problem)", "feasible"),
    M("miscounts", "budget.used = 10**400; return equal(problem)", "feasible"),
    M("counts-in-words", "budget.used = 'none'; return equal(problem)", "feasible"),
    M("unlimited", "sys.setrecursionlimit(10**9); return equal(problem)", "feasible"),
)

BROKEN = """
class Unsupportive(Solver):
    "Fails before it is asked."
    name = "unsupportive"
    def supports(self, problem):
        if problem.users == 3:
            raise ZeroDivisionError("in supports")
    def solve(self, problem, *, rng, budget):
        return equal(problem)
"""
