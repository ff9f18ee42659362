/* The C twin of autograd/engine.py: the same contract, to the last bit.
 *
 * Read engine.py first. Functions stand here in its order, as far as C lets them be defined before
 * they are used, and each names its counterpart.
 * The arithmetic of the primitives is generated from the table (see _primitives.inc.h); this file
 * holds the node, its recording, the sweeps, and what makes a Value behave as a float.
 *
 * The node of an operation:
 *
 *     +--------+--------+------+---------+-------------------+-- per operand --+
 *     | header | primal | grad | adjoint | op, flags, order  | value  | number |
 *     +--------+--------+------+---------+-------------------+-----------------+
 *
 * so 48 bytes and 16 for each operand, in a block (see _blocks.h). Invariants:
 *
 *   - value == FLAT:           the operand is a plain number, and `number` is that number;
 *   - value & FLAT:            the operand is a Value on which the result does not depend here, or a
 *                              constant: no edge, and `number` means nothing;
 *   - otherwise:               the operand is a parent, and `number` is the partial by it;
 *   - every operand was recorded before the node.
 *
 * Behind the operands, a node of a user's own primitive holds a reference to it, and a node recorded
 * under record_lines one to the text of its line: see EXTRAS. Leaves and constants have no operands; they
 * are allocated one by one, because they live long, and one of them must not keep a block.
 *
 * By the last invariant a node refers only to older nodes. The type is final, has no dict, and a name is
 * a plain string, so no cycle can be made of nodes, and they need no header of the cyclic garbage
 * collector. (A user's own primitive that holds a node it made closes a cycle, which is not found.) By the
 * same, recording order is a topological order, and it is the order of nodes in memory.
 *
 * A sweep marks the nodes it reaches and walks through the blocks from the newest mark to the oldest. It
 * allocates nothing, runs no Python code and looks for no signals, so nothing can come between its
 * start and its end: all grads change or none, and one sweep never meets another. A signal is handled when it
 * is over: after a second or two for the largest graph that memory holds.
 *
 * Nothing here recurses over the graph.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>    /* the kernels */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>  /* qsort */
#include <string.h>  /* memcpy, memset, strcmp */

/* ---- the table of primitives ----------------------------------------------------------------- */

typedef struct {
    const char *expected; /* what the operands should have been, in words */
    const char *raises;   /* the exception that floats raise */
} Domain;

/* Python's x % y and x // y: the remainder takes the sign of y. */
static double
float_mod(double x, double y)
{
    double remainder = fmod(x, y);
    if (remainder == 0.0) {
        return copysign(0.0, y);
    }
    return (y < 0.0) != (remainder < 0.0) ? remainder + y : remainder;
}

static double
float_floordiv(double x, double y)
{
    double remainder = fmod(x, y);
    double quotient = (x - remainder) / y; /* a whole number, but for its rounding */
    if (remainder != 0.0 && (y < 0.0) != (remainder < 0.0)) {
        quotient -= 1.0;
    }
    if (quotient == 0.0) {
        return copysign(0.0, x / y);
    }
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

/* twin: _formula._ldexp */
static double
float_ldexp(double x, double n)
{
    if (!isfinite(n)) {
        return x * pow(2.0, n);
    }
    return n == floor(n) ? ldexp(x, (int)fmax(-10000.0, fmin(n, 10000.0))) : NAN;
}

/* math.pow: 1 wherever the standard says so, even for a signalling NaN. */
static double
float_pow(double x, double y)
{
    return x == 1.0 || y == 0.0 ? 1.0 : pow(x, y);
}

typedef int Kernel(const double *, unsigned, bool, double *, double *, unsigned *);

typedef struct {
    const char *name;
    const char *symbol; /* of an operator; empty for a function */
    int n_operands;     /* or the number of columns */
    bool spread;        /* whether the one column is given as operands one by one */
    const char *operands[3];
    Domain domains[2];
    const char *python; /* the name in _formula.FUNCTIONS of the function that gives the value, or NULL */
    Kernel *kernel;
    /* Instead of a kernel, a primitive of columns has: */
    double (*total)(const double *, size_t, double *);
    void (*terms)(const double *, unsigned, double, const double *, double *, unsigned *);
    double (*beyond)(const double *, size_t, double *); /* the value under `ieee` where Python's function raises */
} Primitive;

#include "_blocks.h"
#include "_special.h"
#include "_primitives.inc.h"

_Static_assert(MOST_OPERANDS <= 3 && MOST_DOMAINS <= 2 && MOST_SHARED >= 1, "widen struct Primitive");
_Static_assert(OP_COUNT <= 256, "the op of a node has 8 bits");

/* ---- types and state ------------------------------------------------------------------------- */

typedef struct {
    uintptr_t value; /* strong reference to a Value, perhaps with FLAT; FLAT alone for a plain number */
    double number;
} Operand;

#define FLAT ((uintptr_t)1)

typedef struct Value {
    PyObject_HEAD
    double primal;
    double grad;
    union {
        double adjoint;     /* of the sweep under way; 0.0 when there is none */
        struct Value *next; /* while dying: the next to free, see value_dealloc */
    };
    uint64_t recording; /* see below */
} Value;

/* A source, which has no operands: a leaf or a constant. */
typedef struct Source {
    Value value;
    PyObject *name;      /* strong; NULL means "" */
    struct Source *next; /* in the sweep under way: the next of those it reached */
} Source;

#ifdef __SANITIZE_ADDRESS__
#define MOST_SPARE 0 /* so that each use of a dead one is found */
#else
#define MOST_SPARE 4096 /* 256 KiB */
#endif

/* The name of a computed node, which seldom has one: in a list at its block. */
typedef struct Label {
    struct Label *next;
    const Value *node;
    PyObject *name; /* strong */
} Label;

/* Bits of `recording`, from the lowest: 8 of the op; 8 flags; then on a source 48 of its number in recording
 * order, on a computed node 16 of the number of Operands behind it and 32 of recordings since its block was begun. */
#define HAS_LINE ((uint64_t)0x100)
#define HAS_LABEL ((uint64_t)0x200)
#define MARKED ((uint64_t)0x400)   /* the sweep under way has reached the node */
#define MOVES ((uint64_t)0x800)    /* in the sweep under way a seed reaches the node, or a path does */
#define WANTED ((uint64_t)0x1000)  /* the sweep under way is to leave the adjoint in the node */
#define UNUSUAL ((uint64_t)0x2000) /* a computed node with extras, a label or MANY Operands */
#define MANY ((uint64_t)0xffff)  /* Operands: the block has their number */

/* The modes: bits of autograd._modes. */
enum { PLAIN = 1, IEEE = 2, LINES = 4 };

typedef struct {
    PyTypeObject *value_type; /* strong */
    PyObject *errors;         /* strong: the module autograd.errors, which has the texts */
    PyObject *copying;        /* strong: the module autograd._copying */
    PyObject *modes;          /* strong: the module autograd._modes */
    PyObject *in_context;     /* strong: its context variable */
    PyObject *entered;        /* strong: its list that is empty while no mode can be in force */
    PyObject *functions;      /* strong: for each op, Python's own function, or None while not needed */
    PyObject *names;          /* strong: tuple of the ops' names */
    PyObject *real;           /* strong: numbers.Real, or NULL until first needed */
    PyObject *mapping;        /* strong: collections.abc.Mapping, or NULL until first needed */
    Space space;              /* where computed nodes live */
    struct Source *spare;     /* memory of dead sources, linked by `next` */
    int n_spare;
} State;

static void value_dealloc(Value *self);
static PyObject *value_get_op(Value *self, void *closure);

/* The instance of the module in the main interpreter: to ask for the state at each operation would cost as much as
 * the operation. Those in further interpreters are asked for it. */
static struct {
    PyTypeObject *value_type;
    PyObject *module;
    State *state;
} first;

static inline State *
state_of(PyObject *value)
{
    return RARELY(Py_TYPE(value) != first.value_type) ? PyType_GetModuleState(Py_TYPE(value)) : first.state;
}

/* Whether x is a Value of this module. A module that was imported anew has a Value type and a clock
 * of its own, and its nodes must not meet ours. */
static inline bool
is_value(const State *state, PyObject *x)
{
    return Py_TYPE(x) == state->value_type;
}

/* Whether x is a Value of any instance of the module: only to find the state in an operator's slot. */
static inline bool
is_any_value(PyObject *x)
{
    return Py_TYPE(x)->tp_dealloc == (destructor)value_dealloc;
}

static inline Value *
operand_value(const Operand *operand)
{
    return (Value *)(operand->value & ~FLAT); /* borrowed */
}

static inline bool
is_edge(const Operand *operand)
{
    return !(operand->value & FLAT);
}

static inline int
op_of(const Value *node)
{
    return (int)(node->recording & 0xff);
}

static inline bool
is_source(const Value *node)
{
    return op_of(node) <= OP_constant;
}

static inline Operand *
operands_of(const Value *node)
{
    return (Operand *)(node + 1);
}

/* EXTRAS: what a node holds behind its operands, or behind a Source, in the `value` of one more Operand each, with
 * FLAT: a user's own primitive, and the text of its line. */
static inline size_t
count_extras(const Value *node)
{
    return (op_of(node) == OP_OWN) + !!(node->recording & HAS_LINE);
}

/* Return the number of Operands behind a computed node, with its extras. */
static inline size_t
count_slots(const Value *node)
{
    size_t count = node->recording >> 16 & MANY;
    return RARELY(count == MANY) ? block_of(node)->n_slots : count;
}

/* Return where the Operands of a node end that has not MANY. */
static inline Operand *
end_of_few(const Value *node)
{
    const uint64_t size = sizeof(Operand) == 16 ? node->recording >> 12 & MANY << 4
                                                : (node->recording >> 16 & MANY) * sizeof(Operand);
    return (Operand *)((char *)operands_of(node) + size);
}

static inline size_t
count_operands(const Value *node)
{
    return is_source(node) ? 0 : count_slots(node) - count_extras(node);
}

/* Return the place in recording order. twin: Value._serial */
static inline uint64_t
serial_of(const Value *node)
{
    return is_source(node) ? node->recording >> 16 : block_of(node)->base + (node->recording >> 32);
}

/* Whether a derivative may pass through a Value. twin: _is_variable */
static inline bool
is_variable(PyObject *value)
{
    return op_of((Value *)value) != OP_constant;
}

static inline Operand *
extras_of(const Value *node)
{
    return is_source(node) ? (Operand *)((Source *)node + 1) : operands_of(node) + count_operands(node);
}

static inline PyObject *
primitive_of(const Value *node)
{
    return op_of(node) == OP_OWN ? (PyObject *)operand_value(extras_of(node)) : NULL; /* borrowed */
}

static inline PyObject *
line_of(const Value *node)
{
    bool own = op_of(node) == OP_OWN;
    return node->recording & HAS_LINE ? (PyObject *)operand_value(extras_of(node) + own) : NULL; /* borrowed */
}

static inline size_t
size_of(const Value *node)
{
    return (size_t)((char *)(extras_of(node) + count_extras(node)) - (char *)node);
}

/* Return the modes in force, or -1. twin: _modes.in_force */
static inline int
modes_of(State *state)
{
    if (PyList_GET_SIZE(state->entered) == 0) {
        return 0;
    }
    PyObject *found = NULL;
    if (PyContextVar_Get(state->in_context, NULL, &found) < 0) {
        return -1;
    }
    int modes = (int)PyLong_AsLong(PyTuple_GET_ITEM(found, 0));
    Py_DECREF(found);
    return modes;
}

/* ---- errors: cold paths. The texts are those of autograd/errors.py. -------------------------- */

/* Raise what a function of autograd.errors returns. */
static void
raise_error(State *state, const char *function, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    PyObject *args = Py_VaBuildValue(format, arguments);
    va_end(arguments);
    PyObject *callable = args ? PyObject_GetAttrString(state->errors, function) : NULL;
    PyObject *error = callable ? PyObject_Call(callable, args, NULL) : NULL;
    if (error) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    }
    Py_XDECREF(error);
    Py_XDECREF(callable);
    Py_XDECREF(args);
}

/* Raise the error of a primitive that has no value at these operands. */
static void
raise_status(State *state, const Primitive *primitive, int status, const double *numbers)
{
    PyObject *names = PyTuple_New(primitive->n_operands);
    PyObject *values = PyTuple_New(primitive->n_operands);
    for (int i = 0; names && values && i < primitive->n_operands; i++) {
        PyObject *name = PyUnicode_FromString(primitive->operands[i]);
        PyObject *value = PyFloat_FromDouble(numbers[i]);
        if (!name || !value) {
            Py_XDECREF(name);
            Py_XDECREF(value);
            Py_CLEAR(names);
            break;
        }
        PyTuple_SET_ITEM(names, i, name);
        PyTuple_SET_ITEM(values, i, value);
    }
    if (names && values) {
        if (status == OVERFLOWED) {
            raise_error(state, "too_large", "sOO", primitive->name, names, values);
        } else {
            const Domain *domain = &primitive->domains[status - 1];
            raise_error(state, "outside_domain", "sssOO", primitive->name, domain->expected, domain->raises, names,
                        values);
        }
    }
    Py_XDECREF(names);
    Py_XDECREF(values);
}

/* ---- conversion: _floats.real, _floats.is_real, _bindings._operand --------------------------- */

/* Return whether x is an instance of module.name, which *cached keeps; -1 on error. */
static int
is_instance(PyObject *x, PyObject **cached, const char *module, const char *name)
{
    if (!*cached) {
        PyObject *imported = PyImport_ImportModule(module);
        *cached = imported ? PyObject_GetAttrString(imported, name) : NULL;
        Py_XDECREF(imported);
        if (!*cached) {
            return -1;
        }
    }
    return PyObject_IsInstance(x, *cached);
}

/* Convert a real number. Return 1; or 0 if x is none, or -1 with an exception set, and then *number
 * stays as it was. */
static int
real_number(State *state, PyObject *x, double *number)
{
    if (PyFloat_CheckExact(x)) {
        *number = PyFloat_AS_DOUBLE(x);
        return 1;
    }
    if (PyLong_CheckExact(x)) {
        double converted = PyLong_AsDouble(x);
        if (converted == -1.0 && PyErr_Occurred()) {
            return -1;
        }
        *number = converted;
        return 1;
    }
    if (!PyFloat_Check(x) && !PyLong_Check(x)) {
        int real = is_instance(x, &state->real, "numbers", "Real");
        if (real <= 0) {
            return real;
        }
    }
    PyObject *converted = PyNumber_Float(x); /* as float(x) does: a subclass may have its own */
    if (!converted) {
        return -1;
    }
    *number = PyFloat_AS_DOUBLE(converted);
    Py_DECREF(converted);
    return 1;
}

/* twin: _floats.real */
static int
required_real(State *state, PyObject *x, const char *where, double *number)
{
    int real = real_number(state, x, number);
    if (real == 0) {
        raise_error(state, "not_a_number", "sO", where, x);
    }
    return real > 0 ? 0 : -1;
}

/* twin: _floats.convertible */
static int
convertible(State *state, PyObject *x, const char *where, double *number)
{
    int real = real_number(state, x, number);
    PyNumberMethods *methods = Py_TYPE(x)->tp_as_number;
    if (real == 0 && methods && methods->nb_float && strcmp(Py_TYPE(x)->tp_name, "Value") != 0) {
        PyObject *converted = PyNumber_Float(x);
        if (!converted) {
            return -1;
        }
        *number = PyFloat_AS_DOUBLE(converted);
        Py_DECREF(converted);
        return 0;
    }
    return real ? (real > 0 ? 0 : -1) : required_real(state, x, where, number);
}

/* twin: _bindings._operand. Sets *value (borrowed), or *number where x is no Value. */
static int
read_operand(State *state, PyObject *x, bool condition, const char *where, PyObject **value, double *number)
{
    *value = NULL;
    if (is_value(state, x)) {
        *value = x;
        *number = 0.0;
        return 0;
    }
    if (condition) {
        int truth = PyObject_IsTrue(x);
        *number = truth;
        return truth < 0 ? -1 : 0;
    }
    return convertible(state, x, where, number);
}

/* ---- the node -------------------------------------------------------------------------------- */

/* Return the text of the line that makes a node. twin: _modes.caller */
NOINLINE PyObject *
line_of_caller(State *state)
{
    return PyObject_CallMethod(state->modes, "caller", NULL);
}

/* Make an object of memory that was something else. (What lay there might look immortal to Py_SET_REFCNT.) */
INLINE void
begin_value(State *state, Value *self, double primal)
{
    memset(self, 0, sizeof(PyObject));
    Py_SET_REFCNT(self, 1);
    Py_SET_TYPE(self, state->value_type);
    self->primal = primal;
    self->grad = 0.0;
    self->adjoint = 0.0;
}

/* Make a leaf or a constant. */
INLINE Value *
source_new(State *state, int op, double primal, PyObject *name)
{
    const int modes = modes_of(state);
    PyObject *line = NULL;
    Py_XINCREF(name); /* before any Python code runs, which may rename where it comes from */
    if (RARELY(modes) && (modes < 0 || ((modes & LINES) && !(line = line_of_caller(state))))) {
        Py_XDECREF(name);
        return NULL;
    }
    Source *self = line ? NULL : state->spare;
    if (self) {
        state->spare = self->next;
        state->n_spare--;
    } else {
        self = PyObject_Malloc(sizeof(Source) + (line ? sizeof(Operand) : 0));
    }
    if (RARELY(!self)) {
        Py_XDECREF(name);
        Py_XDECREF(line);
        PyErr_NoMemory();
        return NULL;
    }
    begin_value(state, &self->value, primal);
    Py_INCREF(state->value_type);
    self->value.recording = clock_tick(&state->space) << 16 | (line ? HAS_LINE : 0) | (uint64_t)op;
    self->name = name;
    self->next = NULL;
    if (RARELY(line)) {
        extras_of(&self->value)->value = (uintptr_t)line | FLAT;
    }
    return &self->value;
}

/* Make a computed node without extras, for which there is room. Its operands are for the caller to fill in. */
INLINE Value *
node_begin(State *state, int op, size_t n_slots, double primal)
{
    Space *space = &state->space;
    Value *self = block_take(space, sizeof(Value) + n_slots * sizeof(Operand));
    Block *block = space->filled;
    block->alive++;
    begin_value(state, self, primal);
    self->recording = (++space->clock - block->base) << 32 | (n_slots < MANY ? n_slots : MANY) << 16 | (uint64_t)op;
    return self;
}

/* Make a computed node. `own` is the primitive of an OP_OWN. */
static Value *
node_new(State *state, int modes, int op, size_t n_operands, double primal, PyObject *own)
{
    PyObject *line = NULL;
    if ((modes & LINES) && !(line = line_of_caller(state))) {
        return NULL;
    }
    Space *space = &state->space;
    const size_t n_slots = n_operands + (own != NULL) + (line != NULL);
    const size_t size = sizeof(Value) + n_slots * sizeof(Operand);
    bool possible = n_operands < PY_SSIZE_T_MAX / sizeof(Operand) / 2;
    if (!possible || (!block_has_room(space, size) && block_open(space, size) < 0)) {
        Py_XDECREF(line);
        PyErr_NoMemory();
        return NULL;
    }
    Value *self = node_begin(state, op, n_slots, primal);
    if (n_slots >= MANY) {
        space->filled->n_slots = n_slots;
        self->recording |= UNUSUAL;
    }
    Operand *extra = operands_of(self) + n_operands;
    if (own) {
        *extra++ = (Operand){.value = (uintptr_t)Py_NewRef(own) | FLAT};
        self->recording |= UNUSUAL;
    }
    if (line) {
        *extra = (Operand){.value = (uintptr_t)line | FLAT};
        self->recording |= UNUSUAL | HAS_LINE;
    }
    return self;
}

/* twin: Value.detach, and _constant for a Value */
static PyObject *
new_constant(State *state, double primal)
{
    return (PyObject *)source_new(state, OP_constant, primal, NULL);
}

/* Return where a node keeps its name; NULL if it has no such place. */
static PyObject **
name_of(const Value *node)
{
    if (is_source(node)) {
        return &((Source *)node)->name;
    }
    for (Label *label = node->recording & HAS_LABEL ? block_of(node)->labels : NULL; label; label = label->next) {
        if (label->node == node) {
            return &label->name;
        }
    }
    return NULL;
}

/* Set the name of a node. Return 0, or -1 with an exception set. */
static int
set_name(Value *node, PyObject *name)
{
    PyObject **place = name_of(node);
    if (!place) {
        Label *label = PyMem_Malloc(sizeof(Label));
        if (!label) {
            PyErr_NoMemory();
            return -1;
        }
        Block *block = block_of(node);
        *label = (Label){.next = block->labels, .node = node};
        block->labels = label;
        node->recording |= UNUSUAL | HAS_LABEL;
        place = &label->name;
    }
    Py_XSETREF(*place, Py_NewRef(name));
    return 0;
}

static void
remove_label(const Value *node)
{
    Label **link = &block_of(node)->labels;
    while ((*link)->node != node) {
        link = &(*link)->next;
    }
    Label *label = *link;
    *link = label->next;
    Py_DECREF(label->name);
    PyMem_Free(label);
}

/* Drop a reference to a Value; if it was the last, put the node before those that are to be freed. */
INLINE void
drop(Value *node, Value **dying)
{
    if (Py_REFCNT(node) > 1) {
        Py_SET_REFCNT(node, Py_REFCNT(node) - 1);
    } else {
        node->next = *dying;
        *dying = node;
    }
}

INLINE void
free_source(State *state, Value *node)
{
    PyTypeObject *type = Py_TYPE(node);
    Source *source = (Source *)node;
    Py_XDECREF(source->name);
    if (state->n_spare < MOST_SPARE && !(node->recording & HAS_LINE)) {
        source->next = state->spare;
        state->spare = source;
        state->n_spare++;
    } else {
        Py_XDECREF(line_of(node));
        PyObject_Free(node);
    }
    Py_DECREF(type); /* perhaps the last reference, and then the state is gone */
}

/* Give back the memory of a computed node that holds no more references. A sweep may still read its size. */
INLINE void
free_memory(State *state, Value *node)
{
    Block *block = block_of(node);
    POISON(operands_of(node), count_slots(node) * sizeof(Operand));
    if (--block->alive == 0) {
        block_emptied(&state->space, block);
    }
}

/* Free a node, and with it all that only it kept alive, without recursion: a node that dies while another is being
 * freed waits in a list. The death of a user's own primitive may run Python code, so that comes last. */
static void
value_dealloc(Value *self)
{
    State *state = state_of((PyObject *)self);
    if (is_source(self)) {
        free_source(state, self);
        return;
    }
    PyTypeObject *type = (PyTypeObject *)Py_NewRef(Py_TYPE(self)); /* by which the state lives */
    Value *dying = self, *waiting = NULL;
    self->next = NULL;
    while (dying) {
        Value *node = dying;
        PREFETCH((char *)node + AHEAD);
        dying = node->next;
        if (is_source(node)) {
            free_source(state, node);
            continue;
        }
        const bool unusual = node->recording & UNUSUAL;
        const Operand *operand = operands_of(node), *end = RARELY(unusual) ? extras_of(node) : end_of_few(node);
        for (; operand < end; operand++) {
            Value *value = operand_value(operand);
            if (value) {
                drop(value, &dying);
            }
        }
        if (RARELY(unusual)) {
            node->next = waiting;
            waiting = node;
        } else {
            free_memory(state, node);
        }
    }
    while (waiting) {
        Value *node = waiting;
        waiting = node->next;
        PyObject *own = primitive_of(node), *line = line_of(node);
        if (node->recording & HAS_LABEL) {
            remove_label(node);
        }
        free_memory(state, node);
        Py_XDECREF(line);
        Py_XDECREF(own);
    }
    Py_DECREF(type);
}

/* Make a leaf of what a call was given. */
INLINE PyObject *
leaf_of(State *state, PyObject *data, PyObject *name)
{
    double primal;
    if (PyFloat_CheckExact(data)) {
        primal = PyFloat_AS_DOUBLE(data);
    } else if (required_real(state, data, "Value", &primal) < 0) {
        return NULL;
    }
    if (RARELY(name && !PyUnicode_CheckExact(name))) {
        raise_error(state, "not_a_name", "(O)", name);
        return NULL;
    }
    return (PyObject *)source_new(state, OP_LEAF, primal, name);
}

/* twin: Value.__new__ */
static PyObject *
value_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"data", "name", NULL};
    PyObject *data, *name = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:Value", keywords, &data, &name)) {
        return NULL;
    }
    return leaf_of(PyType_GetModuleState(type), data, name);
}

/* Call Value with a tuple and a dict. */
NOINLINE PyObject *
value_call(PyObject *type, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *tuple = PyTuple_New(count), *dict = PyDict_New(), *value = NULL;
    for (Py_ssize_t i = 0; tuple && i < count; i++) {
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    }
    int status = tuple && dict ? 0 : -1;
    for (Py_ssize_t i = 0; status == 0 && keywords && i < PyTuple_GET_SIZE(keywords); i++) {
        status = PyDict_SetItem(dict, PyTuple_GET_ITEM(keywords, i), args[count + i]);
    }
    if (status == 0) {
        value = value_new((PyTypeObject *)type, tuple, dict);
    }
    Py_XDECREF(tuple);
    Py_XDECREF(dict);
    return value;
}

/* Value(data) and Value(data, name) need neither. */
static PyObject *
value_vectorcall(PyObject *type, PyObject *const *args, size_t flags, PyObject *keywords)
{
    const Py_ssize_t count = PyVectorcall_NARGS(flags);
    if (RARELY(keywords || (count != 1 && count != 2) || (PyTypeObject *)type != first.value_type)) {
        return value_call(type, args, count, keywords);
    }
    return leaf_of(first.state, args[0], count == 2 ? args[1] : NULL);
}

/* ---- the nodes behind some roots: _reach ------------------------------------------------------ */

/* A sweep marks the nodes it reaches, each with a bit of its own. It finds the sources again by a list. For computed
 * nodes it goes through the blocks with marks, the newest first, and in each from the newest mark to the oldest. It
 * allocates nothing, fails nowhere and runs no Python code, so one sweep never meets another, and nobody sees half of
 * one. */
typedef struct {
    Block *ahead;    /* a heap of the marked blocks that the sweep has not come to */
    Block *newest;   /* those it has come to, linked by `sibling` to the oldest */
    Block *oldest;
    Source *sources; /* reached, linked by `next` */
} Sweep;

/* Mark a node: a root, or one that is older than a marked one. */
INLINE void
mark(Sweep *sweep, Value *node)
{
    if (node->recording & MARKED) {
        return;
    }
    node->recording |= MARKED;
    if (is_source(node)) {
        Source *source = (Source *)node;
        source->next = sweep->sources;
        sweep->sources = source;
        return;
    }
    Block *block = block_of(node);
    char *place = (char *)node;
    if (RARELY(!block->last_marked)) {
        block->sibling = NULL;
        sweep->ahead = heap_meld(sweep->ahead, block);
    }
    if (place > block->last_marked) {
        block->last_marked = place;
    }
    if (place < block->first_marked) {
        block->first_marked = place;
    }
}

static inline void
unmark(Value *node)
{
    node->adjoint = 0.0;
    node->recording &= ~(MARKED | MOVES | WANTED);
}

/* Go on to the newest of the blocks ahead. All marks in it have been made, but for those that its own nodes make. */
static inline Block *
next_block(Sweep *sweep)
{
    Block *block = sweep->ahead;
    if (block) {
        sweep->ahead = block->child ? heap_below(block) : NULL;
        block->sibling = NULL;
        *(sweep->oldest ? &sweep->oldest->sibling : &sweep->newest) = block;
        sweep->oldest = block;
    }
    return block;
}

/* Go on to the next marked node in a block, from *place. Return NULL if there are no more. */
INLINE Value *
next_in_block(const Block *block, char **place)
{
    while (*place <= block->last_marked) {
        Value *node = (Value *)*place;
        PREFETCH(*place + AHEAD);
        *place += sizeof(Value) + count_slots(node) * sizeof(Operand);
        if (node->recording & MARKED) {
            return node;
        }
    }
    return NULL;
}

/* Forget the places of the marks. */
static void
forget_places(const Sweep *sweep)
{
    for (Block *block = sweep->newest; block; block = block->sibling) {
        block->first_marked = NO_MARK;
        block->last_marked = NULL;
    }
}

/* End a sweep: forget its marks and what it found. */
static void
sweep_end(const Sweep *sweep)
{
    for (Block *block = sweep->newest; block; block = block->sibling) {
        char *place = block->first_marked;
        for (Value *node; (node = next_in_block(block, &place));) {
            unmark(node);
        }
    }
    forget_places(sweep);
    for (Source *source = sweep->sources; source; source = source->next) {
        unmark(&source->value);
    }
}

/* Mark the roots and all that they depend on; with `through_flat`, what they were computed from without depending
 * on it, too. Nothing recorded before `since` is marked. */
static Sweep
sweep_reach(PyObject *const *roots, Py_ssize_t n_roots, bool through_flat, uint64_t since)
{
    Sweep sweep = {0};
    for (Py_ssize_t i = 0; i < n_roots; i++) {
        if (serial_of((Value *)roots[i]) >= since) {
            mark(&sweep, (Value *)roots[i]);
        }
    }
    for (Block *block; (block = next_block(&sweep));) {
        char *place = block->first_marked;
        for (const Value *node; (node = next_in_block(block, &place));) {
            const Operand *operands = operands_of(node);
            const size_t n = count_operands(node);
            for (size_t k = 0; k < n; k++) {
                Value *source = operand_value(&operands[k]);
                if (source && (through_flat || is_edge(&operands[k])) && serial_of(source) >= since) {
                    mark(&sweep, source);
                }
            }
        }
    }
    return sweep;
}

static int
by_recording(const void *left, const void *right)
{
    const uint64_t x = (*(Value *const *)left)->recording >> 16, y = (*(Value *const *)right)->recording >> 16;
    return (x > y) - (x < y);
}

typedef struct {
    Value **items; /* borrowed */
    size_t count;
} Nodes;

/* List all marked nodes in recording order. Return 0; or -1 with an exception set, and then the sweep has ended. */
static int
list_marked(const Sweep *sweep, Nodes *nodes)
{
    size_t n_computed = 0, n_sources = 0;
    for (const Block *block = sweep->newest; block; block = block->sibling) {
        char *place = block->first_marked;
        while (next_in_block(block, &place)) {
            n_computed++;
        }
    }
    for (const Source *source = sweep->sources; source; source = source->next) {
        n_sources++;
    }
    Value **items = PyMem_Calloc(n_computed + n_sources + 1, sizeof(Value *));
    Value **sources = PyMem_Calloc(n_sources + 1, sizeof(Value *));
    *nodes = (Nodes){.items = items, .count = n_computed + n_sources};
    if (!items || !sources) {
        PyMem_Free(items);
        PyMem_Free(sources);
        nodes->items = NULL;
        sweep_end(sweep);
        PyErr_NoMemory();
        return -1;
    }
    size_t left = 0, at = nodes->count;
    for (Source *source = sweep->sources; source; source = source->next) {
        sources[left++] = &source->value;
    }
    qsort(sources, n_sources, sizeof(Value *), by_recording);
    for (const Block *block = sweep->newest; block; block = block->sibling) { /* merge the two, the newest first */
        char *place = block->first_marked;
        for (Value *node; (node = next_in_block(block, &place));) {
            while (left && serial_of(sources[left - 1]) > serial_of(node)) {
                items[--at] = sources[--left];
            }
            items[--at] = node;
        }
    }
    memcpy(items, sources, left * sizeof(Value *));
    PyMem_Free(sources);
    return 0;
}

/* Return a list of the nodes. */
static PyObject *
list_of(const Nodes *nodes)
{
    PyObject *list = PyList_New((Py_ssize_t)nodes->count);
    for (size_t i = 0; list && i < nodes->count; i++) {
        PyList_SET_ITEM(list, (Py_ssize_t)i, Py_NewRef(nodes->items[i]));
    }
    return list;
}

/* ---- what a sweep is given: _values, _seeds -------------------------------------------------- */

static PyObject **
items_of(PyObject *tuple)
{
    return ((PyTupleObject *)tuple)->ob_item;
}

static int
check_values(State *state, PyObject *const *nodes, Py_ssize_t count, const char *where)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!is_value(state, nodes[i])) {
            raise_error(state, "not_a_value", "sO", where, nodes[i]);
            return -1;
        }
    }
    return 0;
}

/* twin: _values. Return a tuple of Values. (PySequence_List leaks what it is given where memory runs out.) */
static PyObject *
read_values(State *state, PyObject *nodes, const char *where)
{
    PyObject *values = PySequence_Tuple(nodes);
    if (values && check_values(state, items_of(values), PyTuple_GET_SIZE(values), where) < 0) {
        Py_CLEAR(values);
    }
    return values;
}

/* The same, but a list is returned as it is: for those who run no Python code while they read it. */
static PyObject *
read_list(State *state, PyObject *nodes, const char *where)
{
    if (!PyList_CheckExact(nodes)) {
        return read_values(state, nodes, where);
    }
    int status = check_values(state, PySequence_Fast_ITEMS(nodes), PyList_GET_SIZE(nodes), where);
    return status < 0 ? NULL : Py_NewRef(nodes);
}

typedef struct {
    PyObject *held;   /* strong: a copy of the dict that was given, which nobody else can change; or a Value */
    PyObject **nodes; /* borrowed from it: its keys, or itself */
    double *numbers;  /* its values, or 1 */
    Py_ssize_t count;
    double one;
} Seeds;

static void
seeds_free(Seeds *seeds)
{
    if (seeds->nodes != &seeds->held) {
        PyMem_Free(seeds->nodes);
        PyMem_Free(seeds->numbers);
    }
    Py_CLEAR(seeds->held);
}

/* twin: _seeds. On error the caller still frees them. They must stay where they are. */
static int
read_seeds(State *state, PyObject *given, const char *where, Seeds *seeds)
{
    *seeds = (Seeds){.one = 1.0};
    if (is_value(state, given)) {
        seeds->held = Py_NewRef(given);
        seeds->nodes = &seeds->held;
        seeds->numbers = &seeds->one;
        seeds->count = 1;
        return 0;
    }
    int mapping = PyDict_CheckExact(given) ? 1 : is_instance(given, &state->mapping, "collections.abc", "Mapping");
    if (mapping == 0) {
        raise_error(state, "not_seeds", "sO", where, given);
    }
    if (mapping <= 0 || !(seeds->held = PyObject_CallOneArg((PyObject *)&PyDict_Type, given))) {
        return -1;
    }
    size_t count = (size_t)PyDict_GET_SIZE(seeds->held);
    seeds->nodes = PyMem_Calloc(count + 1, sizeof(PyObject *));
    seeds->numbers = PyMem_Calloc(count + 1, sizeof(double));
    if (!seeds->nodes || !seeds->numbers) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject *number;
    Py_ssize_t position = 0;
    /* The conversion of a number may run Python code, which could find even this dict. */
    for (size_t i = 0; i < count && PyDict_Next(seeds->held, &position, &seeds->nodes[i], &number); i++) {
        if (required_real(state, number, "seed", &seeds->numbers[i]) < 0) {
            return -1;
        }
        seeds->count++;
    }
    return check_values(state, seeds->nodes, seeds->count, where);
}

/* ---- the two sweeps -------------------------------------------------------------------------- */

/* twin: _sweep_backward. With `publish` make the adjoints the grads. Without, leave them in the nodes that are
 * WANTED and in the sources, still marked. When the walk comes to a node, it has been to all that depends on it: so
 * its adjoint is final. */
INLINE Sweep
sweep_backward(PyObject *const *roots, const double *seeds, Py_ssize_t n_roots, const bool publish)
{
    Sweep sweep = {0};
    for (Py_ssize_t i = 0; i < n_roots; i++) {
        mark(&sweep, (Value *)roots[i]);
        ((Value *)roots[i])->adjoint = seeds[i];
    }
    for (Block *block; (block = next_block(&sweep));) {
        char *place = block->first_marked, *last = block->last_marked; /* last in a register: it often changes */
        const bool many = block->n_slots; /* of its only node */
        while (place <= last) {
            Value *node = (Value *)place;
            const Operand *operand = operands_of(node);
            const Operand *end = RARELY(many) ? operand + count_slots(node) : end_of_few(node);
            PREFETCH(place + AHEAD);
            place = (char *)end;
            if (RARELY(!(node->recording & MARKED))) {
                continue;
            }
            const double adjoint = node->adjoint;
            if (publish) {
                node->grad = adjoint;
            }
            if (publish || !(node->recording & WANTED)) {
                unmark(node);
            }
            for (; operand < end; operand++) {
                if (!is_edge(operand)) { /* as an extra */
                    continue;
                }
                Value *parent = (Value *)operand->value;
                parent->adjoint += adjoint * operand->number;
                if (block_of(parent) != block) { /* or a source, which is in none */
                    mark(&sweep, parent);
                } else {
                    parent->recording |= MARKED;
                    last = (char *)parent > last ? (char *)parent : last;
                }
            }
        }
    }
    forget_places(&sweep);
    for (Source *source = sweep.sources; publish && source; source = source->next) {
        Value *node = &source->value;
        node->grad = op_of(node) ? node->adjoint : node->grad + node->adjoint;
        unmark(node);
    }
    return sweep;
}

/* twin: Value.backward */
static PyObject *
value_backward(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    const Py_ssize_t n_keywords = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    double seed = 1.0;
    if (RARELY(count + n_keywords > 0)) {
        bool is_named = n_keywords == 1 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "seed") == 0;
        if (count + n_keywords > 1 || (n_keywords && !is_named)) {
            PyErr_SetString(PyExc_TypeError, "backward() takes at most 1 argument, 'seed'");
            return NULL;
        }
        if (required_real(state_of(self), args[0], "seed", &seed) < 0) {
            return NULL;
        }
    }
    (void)sweep_backward(&self, &seed, 1, true);
    Py_RETURN_NONE;
}

/* twin: backward */
static PyObject *
engine_backward(PyObject *module, PyObject *given)
{
    State *state = PyModule_GetState(module);
    Seeds seeds;
    int status = read_seeds(state, given, "backward", &seeds);
    if (status == 0) {
        (void)sweep_backward(seeds.nodes, seeds.numbers, seeds.count, true);
    }
    seeds_free(&seeds);
    return status < 0 ? NULL : Py_NewRef(Py_None);
}

/* What a sweep found for a node that was asked for. */
typedef struct {
    double number;
    bool exists; /* or the sweep did not come there */
} Finding;

#define FEW 16

/* Return room for findings: that for a few, if it is enough, else memory that the caller frees. */
static Finding *
findings_new(Py_ssize_t count, Finding *few)
{
    Finding *found = count <= FEW ? few : PyMem_Malloc((size_t)count * sizeof(Finding));
    if (!found) {
        PyErr_NoMemory();
    }
    return found;
}

static void
findings_free(Finding *found, const Finding *few)
{
    if (found != few) {
        PyMem_Free(found);
    }
}

/* Read what a sweep left in nodes; it is there if they have all of the flags. */
static void
read_findings(PyObject *const *nodes, Py_ssize_t count, uint64_t flags, Finding *found)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        const Value *node = (Value *)nodes[i];
        found[i] = (Finding){.number = node->adjoint, .exists = (node->recording & flags) == flags};
    }
}

/* Return a list of findings; what does not exist is None or, where `or_zero`, 0.0. */
static PyObject *
list_findings(const Finding *found, Py_ssize_t count, bool or_zero)
{
    PyObject *list = PyList_New(count);
    for (Py_ssize_t i = 0; list && i < count; i++) {
        PyObject *item = found[i].exists ? PyFloat_FromDouble(found[i].number)
                         : or_zero       ? PyFloat_FromDouble(0.0)
                                         : Py_NewRef(Py_None);
        if (!item) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, i, item);
    }
    return list;
}

/* Sweep backward without publishing, and read the adjoints of some nodes. Return whether the roots depend on no leaf
 * that is older than all of these. */
static bool
find_adjoints(PyObject *const *roots, const double *seeds, Py_ssize_t n_roots, PyObject *const *nodes, Py_ssize_t count,
              Finding *found)
{
    uint64_t oldest = UINT64_MAX;
    for (Py_ssize_t i = 0; i < count; i++) {
        Value *node = (Value *)nodes[i];
        const uint64_t serial = serial_of(node);
        node->recording |= WANTED;
        oldest = serial < oldest ? serial : oldest;
    }
    const Sweep sweep = sweep_backward(roots, seeds, n_roots, false);
    read_findings(nodes, count, MARKED, found);
    for (Py_ssize_t i = 0; i < count; i++) {
        unmark((Value *)nodes[i]);
    }
    bool is_closed = true;
    for (Source *source = sweep.sources; source; source = source->next) {
        is_closed &= op_of(&source->value) != OP_LEAF || serial_of(&source->value) >= oldest;
        unmark(&source->value);
    }
    return is_closed;
}

/* twin: adjoints */
static PyObject *
engine_adjoints(PyObject *module, PyObject *const *args, Py_ssize_t n_args)
{
    State *state = PyModule_GetState(module);
    PyObject *nodes, *result = NULL;
    if (n_args != 2) {
        raise_error(state, "wrong_count", "sin", "adjoints", 2, n_args);
        return NULL;
    }
    nodes = is_value(state, args[0]) ? read_list(state, args[1], "gradient") : read_values(state, args[1], "gradient");
    if (!nodes) {
        return NULL;
    }
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(nodes);
    Seeds seeds;
    Finding few[FEW], *found = NULL;
    if (read_seeds(state, args[0], "backward", &seeds) == 0 && (found = findings_new(count, few))) {
        (void)find_adjoints(seeds.nodes, seeds.numbers, seeds.count, PySequence_Fast_ITEMS(nodes), count, found);
        result = list_findings(found, count, false);
    }
    findings_free(found, few);
    seeds_free(&seeds);
    Py_DECREF(nodes);
    return result;
}

/* twin: closed_adjoints */
static PyObject *
engine_closed_adjoints(PyObject *module, PyObject *const *args, Py_ssize_t n_args)
{
    State *state = PyModule_GetState(module);
    if (n_args != 2) {
        raise_error(state, "wrong_count", "sin", "closed_adjoints", 2, n_args);
        return NULL;
    }
    PyObject *leaves, *result = NULL;
    if (check_values(state, args, 1, "closed_adjoints") < 0
        || !(leaves = read_list(state, args[1], "closed_adjoints"))) {
        return NULL;
    }
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(leaves);
    const double seed = 1.0;
    Finding few[FEW], *found = findings_new(count, few);
    if (found) {
        bool is_closed = find_adjoints(args, &seed, 1, PySequence_Fast_ITEMS(leaves), count, found);
        result = is_closed ? list_findings(found, count, true) : Py_NewRef(Py_None);
    }
    findings_free(found, few);
    Py_DECREF(leaves);
    return result;
}

/* twin: tangents */
static PyObject *
sweep_forward(State *state, PyObject *given, PyObject *nodes)
{
    Seeds seeds;
    Sweep sweep;
    Nodes order = {0};
    Finding few[FEW], *found = NULL;
    PyObject *result = NULL, *wanted = NULL;
    if (read_seeds(state, given, "tangent", &seeds) < 0) {
        goto done;
    }
    for (Py_ssize_t i = 0; i < seeds.count; i++) {
        Value *leaf = (Value *)seeds.nodes[i];
        if (op_of(leaf)) {
            PyObject *op = value_get_op(leaf, NULL);
            if (op) {
                raise_error(state, "not_a_leaf", "sO", "tangent", op);
                Py_DECREF(op);
            }
            goto done;
        }
    }
    if (!(wanted = read_values(state, nodes, "tangents")) || !(found = findings_new(PyTuple_GET_SIZE(wanted), few))) {
        goto done;
    }
    sweep = sweep_reach(items_of(wanted), PyTuple_GET_SIZE(wanted), false, 0);
    if (list_marked(&sweep, &order) < 0) {
        goto done;
    }
    for (Py_ssize_t i = 0; i < seeds.count; i++) {
        Value *leaf = (Value *)seeds.nodes[i];
        if (leaf->recording & MARKED) {
            leaf->adjoint = seeds.numbers[i];
            leaf->recording |= MOVES;
        }
    }
    for (size_t i = 0; i < order.count; i++) { /* here `adjoint` holds the tangent */
        Value *node = order.items[i];
        const Operand *operands = operands_of(node);
        const size_t n = count_operands(node);
        for (size_t k = 0; k < n; k++) {
            const Value *parent = operand_value(&operands[k]);
            if (is_edge(&operands[k]) && parent->recording & MOVES) { /* what no seed reaches does not move at all */
                node->adjoint += operands[k].number * parent->adjoint;
                node->recording |= MOVES;
            }
        }
    }
    read_findings(items_of(wanted), PyTuple_GET_SIZE(wanted), MARKED | MOVES, found);
    sweep_end(&sweep); /* before the list is made, as that may run Python code */
    result = list_findings(found, PyTuple_GET_SIZE(wanted), false);
done:
    seeds_free(&seeds);
    findings_free(found, few);
    PyMem_Free(order.items);
    Py_XDECREF(wanted);
    return result;
}

static PyObject *
engine_tangents(PyObject *module, PyObject *args)
{
    PyObject *given, *nodes;
    if (!PyArg_ParseTuple(args, "OO:tangents", &given, &nodes)) {
        return NULL;
    }
    return sweep_forward(PyModule_GetState(module), given, nodes);
}

/* twin: Value.tangent */
static PyObject *
value_tangent(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"seeds", NULL};
    PyObject *given;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O:tangent", keywords, &given)) {
        return NULL;
    }
    PyObject *nodes = PyTuple_Pack(1, self);
    PyObject *found = nodes ? sweep_forward(state_of(self), given, nodes) : NULL;
    PyObject *result = NULL;
    if (found) {
        PyObject *tangent = PyList_GET_ITEM(found, 0);
        result = tangent == Py_None ? PyFloat_FromDouble(0.0) : Py_NewRef(tangent);
    }
    Py_XDECREF(found);
    Py_XDECREF(nodes);
    return result;
}

/* twin: Value.zero_grad */
static PyObject *
value_zero_grad(Value *self, PyObject *Py_UNUSED(ignored))
{
    self->grad = 0.0;
    Py_RETURN_NONE;
}

/* twin: Value.detach */
static PyObject *
value_detach(Value *self, PyObject *Py_UNUSED(ignored))
{
    PyObject **name = name_of(self);
    return (PyObject *)source_new(state_of((PyObject *)self), OP_constant, self->primal, name ? *name : NULL);
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* Raise as a Python property does that has no setter or no deleter. */
static int
refuse(const char *attribute, const char *lacks)
{
    PyErr_Format(PyExc_AttributeError, "property '%s' of 'Value' object has no %s", attribute, lacks);
    return -1;
}

static int
value_set_nothing(PyObject *Py_UNUSED(self), PyObject *given, void *attribute)
{
    return refuse(attribute, given ? "setter" : "deleter");
}

static PyObject *
value_get_data(Value *self, void *Py_UNUSED(closure))
{
    return PyFloat_FromDouble(self->primal);
}

static int
value_set_data(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    State *state = state_of((PyObject *)self);
    if (!given) {
        return refuse("data", "deleter");
    }
    if (op_of(self)) {
        PyObject *op = value_get_op(self, NULL);
        if (op) {
            raise_error(state, "not_a_leaf", "sO", "data", op);
            Py_DECREF(op);
        }
        return -1;
    }
    return required_real(state, given, "data", &self->primal);
}

static PyObject *
value_get_grad(Value *self, void *Py_UNUSED(closure))
{
    return PyFloat_FromDouble(self->grad);
}

static int
value_set_grad(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    if (!given) {
        return refuse("grad", "deleter");
    }
    return required_real(state_of((PyObject *)self), given, "grad", &self->grad);
}

static PyObject *
value_get_name(Value *self, void *Py_UNUSED(closure))
{
    PyObject **name = name_of(self);
    return name && *name ? Py_NewRef(*name) : PyUnicode_FromString("");
}

static int
value_set_name(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    if (!given) {
        return refuse("name", "deleter");
    }
    if (!PyUnicode_CheckExact(given)) {
        raise_error(state_of((PyObject *)self), "not_a_name", "(O)", given);
        return -1;
    }
    return set_name(self, given);
}

static PyObject *
value_get_op(Value *self, void *Py_UNUSED(closure))
{
    PyObject *own = primitive_of(self);
    if (own) {
        return PyObject_GetAttrString(own, "name");
    }
    return Py_NewRef(PyTuple_GET_ITEM(state_of((PyObject *)self)->names, op_of(self)));
}

static PyObject *
value_get_primitive(Value *self, void *Py_UNUSED(closure))
{
    PyObject *own = primitive_of(self);
    return Py_NewRef(own ? own : Py_None);
}

static PyObject *
value_get_line(Value *self, void *Py_UNUSED(closure))
{
    PyObject *line = line_of(self);
    return line ? Py_NewRef(line) : PyUnicode_FromString("");
}

static PyObject *
value_get_operands(Value *self, void *Py_UNUSED(closure))
{
    const Operand *operands = operands_of(self);
    const size_t n = count_operands(self);
    PyObject *tuple = PyTuple_New((Py_ssize_t)n);
    for (size_t k = 0; tuple && k < n; k++) {
        Value *value = operand_value(&operands[k]);
        PyObject *item = value ? Py_NewRef(value) : PyFloat_FromDouble(operands[k].number);
        if (!item) {
            Py_CLEAR(tuple);
            break;
        }
        PyTuple_SET_ITEM(tuple, (Py_ssize_t)k, item);
    }
    return tuple;
}

/* twin: the tuples Value.parents and Value.partials */
static PyObject *
edges(Value *self, bool parents)
{
    const Operand *operands = operands_of(self);
    const size_t n = count_operands(self);
    Py_ssize_t count = 0;
    for (size_t k = 0; k < n; k++) {
        count += is_edge(&operands[k]);
    }
    PyObject *tuple = PyTuple_New(count);
    Py_ssize_t i = 0;
    for (size_t k = 0; tuple && k < n; k++) {
        const Operand *operand = &operands[k];
        if (!is_edge(operand)) {
            continue;
        }
        PyObject *item = parents ? Py_NewRef(operand_value(operand)) : PyFloat_FromDouble(operand->number);
        if (!item) {
            Py_CLEAR(tuple);
            break;
        }
        PyTuple_SET_ITEM(tuple, i++, item);
    }
    return tuple;
}

static PyObject *
value_get_parents(Value *self, void *Py_UNUSED(closure))
{
    return edges(self, true);
}

static PyObject *
value_get_partials(Value *self, void *Py_UNUSED(closure))
{
    return edges(self, false);
}

static PyGetSetDef value_getset[] = {
    {"data", (getter)value_get_data, (setter)value_set_data, "The primal.", NULL},
    {"grad", (getter)value_get_grad, (setter)value_set_grad, "The adjoint found by the last sweep.", NULL},
    {"name", (getter)value_get_name, (setter)value_set_name, "The label.", NULL},
    {"op", (getter)value_get_op, value_set_nothing, "Name of the primitive; empty on a leaf.", "op"},
    {"operands", (getter)value_get_operands, value_set_nothing, "The operands in order.", "operands"},
    {"parents", (getter)value_get_parents, value_set_nothing, "The Values that data depends on.", "parents"},
    {"partials", (getter)value_get_partials, value_set_nothing, "d data / d parent, for each.", "partials"},
    {"primitive", (getter)value_get_primitive, value_set_nothing, "The user's own primitive, or None.", "primitive"},
    {"line", (getter)value_get_line, value_set_nothing, "The line of source that made the node.", "line"},
    {NULL, NULL, NULL, NULL, NULL},
};

/* ---- behaving as a float --------------------------------------------------------------------- */

static PyObject *
value_repr(Value *self)
{
    PyObject *result = NULL;
    PyObject *data = PyFloat_FromDouble(self->primal);
    PyObject *grad = PyFloat_FromDouble(self->grad);
    PyObject **name = name_of(self);
    if (data && grad) {
        bool named = name && *name && PyUnicode_GET_LENGTH(*name);
        result = named ? PyUnicode_FromFormat("Value(data=%R, grad=%R, name=%R)", data, grad, *name)
                       : PyUnicode_FromFormat("Value(data=%R, grad=%R)", data, grad);
    }
    Py_XDECREF(data);
    Py_XDECREF(grad);
    return result;
}

/* Call a method of the float that a Value holds. */
static PyObject *
call_on_float(Value *self, const char *method, PyObject *argument)
{
    PyObject *result = NULL;
    PyObject *data = PyFloat_FromDouble(self->primal);
    PyObject *name = data ? PyUnicode_FromString(method) : NULL;
    if (name) {
        result = PyObject_CallMethodObjArgs(data, name, argument, NULL);
    }
    Py_XDECREF(name);
    Py_XDECREF(data);
    return result;
}

static PyObject *
value_format(Value *self, PyObject *spec)
{
    if (PyUnicode_CheckExact(spec) && PyUnicode_GET_LENGTH(spec) == 0) {
        return value_repr(self);
    }
    return call_on_float(self, "__format__", spec);
}

static int
value_bool(Value *self)
{
    return self->primal != 0.0;
}

static PyObject *
value_float(PyObject *self)
{
    raise_error(state_of(self), "not_a_float", "()");
    return NULL;
}

static PyObject *
value_int(Value *self)
{
    return call_on_float(self, "__int__", NULL);
}

static PyObject *
value_trunc(Value *self, PyObject *Py_UNUSED(ignored))
{
    return call_on_float(self, "__trunc__", NULL);
}

static PyObject *
value_floor(Value *self, PyObject *Py_UNUSED(ignored))
{
    return call_on_float(self, "__floor__", NULL);
}

static PyObject *
value_ceil(Value *self, PyObject *Py_UNUSED(ignored))
{
    return call_on_float(self, "__ceil__", NULL);
}

static PyObject *
value_round(Value *self, PyObject *args)
{
    PyObject *digits = NULL;
    if (!PyArg_ParseTuple(args, "|O:__round__", &digits)) {
        return NULL;
    }
    return call_on_float(self, "__round__", digits);
}

static PyObject *
value_is_integer(Value *self, PyObject *Py_UNUSED(ignored))
{
    return call_on_float(self, "is_integer", NULL);
}

static PyObject *
value_conjugate(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return Py_NewRef(self);
}

static PyObject *
value_rint(Value *self, PyObject *Py_UNUSED(ignored))
{
    return PyFloat_FromDouble(rint(self->primal));
}

static PyObject *
value_divmod(PyObject *left, PyObject *right)
{
    PyObject *quotient = PyNumber_FloorDivide(left, right);
    PyObject *remainder = quotient ? PyNumber_Remainder(left, right) : NULL;
    PyObject *result = remainder ? PyTuple_Pack(2, quotient, remainder) : NULL;
    Py_XDECREF(quotient);
    Py_XDECREF(remainder);
    return result;
}

/* Values differ from objects only in ==, so the hash is that of the object. */
static Py_hash_t
value_hash(PyObject *self)
{
    uintptr_t address = (uintptr_t)self;
    Py_hash_t hash = (Py_hash_t)((address >> 4) | (address << (8 * sizeof(address) - 4)));
    return hash == -1 ? -2 : hash;
}

/* twin: _comparison. The one place where Values steer a program. */
static PyObject *
value_richcompare(Value *self, PyObject *other, int compare)
{
    if (is_any_value(other) || PyFloat_CheckExact(other)) {
        double x = self->primal;
        double y = is_any_value(other) ? ((Value *)other)->primal : PyFloat_AS_DOUBLE(other);
        Py_RETURN_RICHCOMPARE(x, y, compare);
    }
    PyObject *data = PyFloat_FromDouble(self->primal);
    PyObject *result = data ? PyObject_RichCompare(data, other, compare) : NULL;
    Py_XDECREF(data);
    return result;
}

/* ---- copies ---------------------------------------------------------------------------------- */

static PyObject *
value_copy(Value *self, PyObject *Py_UNUSED(ignored))
{
    State *state = state_of((PyObject *)self);
    PyObject **name = name_of(self);
    const size_t n = count_operands(self);
    const int modes = modes_of(state);
    Value *copy = modes < 0          ? NULL
                  : is_source(self) ? source_new(state, op_of(self), self->primal, name ? *name : NULL)
                                    : node_new(state, modes, op_of(self), n, self->primal, primitive_of(self));
    if (!copy) {
        return NULL;
    }
    copy->grad = self->grad;
    for (size_t k = 0; k < n; k++) {
        operands_of(copy)[k] = operands_of(self)[k];
        Py_XINCREF((PyObject *)operand_value(&operands_of(self)[k]));
    }
    if (!is_source(self) && name && set_name(copy, *name) < 0) {
        Py_CLEAR(copy);
    }
    return (PyObject *)copy;
}

static PyObject *
value_deepcopy(PyObject *self, PyObject *memo)
{
    return PyObject_CallMethod(state_of(self)->copying, "deepcopy", "OO", self, memo);
}

static PyObject *
value_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyObject_CallMethod(state_of(self)->copying, "reduce", "O", self);
}

static PyObject *
value_sizeof(Value *self, PyObject *Py_UNUSED(ignored))
{
    return PyLong_FromSize_t(size_of(self));
}

/* twin: restore. Unlike it, checks everything, because what it makes is read without checks. */
static PyObject *
engine_restore(PyObject *module, PyObject *args)
{
    State *state = PyModule_GetState(module);
    double primal, adjoint;
    PyObject *name, *op, *operands, *parents, *partials;
    if (!PyArg_ParseTuple(args, "ddUOO!O!O!:restore", &primal, &adjoint, &name, &op, &PyTuple_Type, &operands,
                          &PyTuple_Type, &parents, &PyTuple_Type, &partials)) {
        return NULL;
    }
    PyObject *own = PyUnicode_CheckExact(op) ? NULL : op;
    int code = own ? OP_OWN : (int)PySequence_Index(state->names, op);
    if (code < 0) {
        return NULL;
    }
    Py_ssize_t count = PyTuple_GET_SIZE(operands), edge = 0, n_edges = PyTuple_GET_SIZE(parents);
    bool is_source_op = code == OP_LEAF || code == OP_constant, has_value = false;
    const int modes = modes_of(state);
    Value *self = NULL;
    if (PyTuple_GET_SIZE(partials) != n_edges || (is_source_op && count != 0)) {
        goto corrupt;
    }
    PyObject *label = PyUnicode_FromObject(name);
    if (!label || modes < 0) {
        Py_XDECREF(label);
        return NULL;
    }
    if (is_source_op) {
        self = source_new(state, code, primal, label);
    } else if ((self = node_new(state, modes, code, (size_t)count, primal, own))) {
        for (Py_ssize_t k = 0; k < count; k++) {
            operands_of(self)[k].value = FLAT; /* so that it can be freed at any time */
        }
        if (PyUnicode_GET_LENGTH(label) && set_name(self, label) < 0) {
            Py_CLEAR(self);
        }
    }
    Py_DECREF(label);
    if (!self) {
        return NULL;
    }
    self->grad = adjoint;
    for (Py_ssize_t k = 0; k < count; k++) {
        PyObject *x = PyTuple_GET_ITEM(operands, k);
        Operand *operand = &operands_of(self)[k];
        has_value |= is_value(state, x);
        if (!is_value(state, x)) {
            if (!PyFloat_Check(x)) {
                goto corrupt;
            }
            operand->number = PyFloat_AS_DOUBLE(x);
        } else if (edge < n_edges && PyTuple_GET_ITEM(parents, edge) == x) {
            if (!PyFloat_Check(PyTuple_GET_ITEM(partials, edge))) {
                goto corrupt;
            }
            operand->number = PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(partials, edge));
            operand->value = (uintptr_t)Py_NewRef(x);
            edge++;
        } else {
            operand->number = 0.0;
            operand->value = (uintptr_t)Py_NewRef(x) | FLAT;
        }
    }
    if (edge == n_edges && (is_source_op || has_value)) {
        return (PyObject *)self;
    }
corrupt:
    PyErr_SetString(PyExc_ValueError, "restore: expected operands with a Value, and the parents with their partials");
    Py_XDECREF(self);
    return NULL;
}

/* twin: ancestors */
static PyObject *
engine_ancestors(PyObject *module, PyObject *root)
{
    State *state = PyModule_GetState(module);
    if (!is_value(state, root)) {
        raise_error(state, "not_a_value", "sO", "ancestors", root);
        return NULL;
    }
    Sweep sweep = sweep_reach(&root, 1, true, 0);
    Nodes order;
    if (list_marked(&sweep, &order) < 0) {
        return NULL;
    }
    sweep_end(&sweep);
    PyObject *list = list_of(&order);
    PyMem_Free(order.items);
    return list;
}

/* Return the serial of the oldest in a tuple of Values, or what is given for an empty one. */
static uint64_t
oldest_of(PyObject *values, uint64_t if_empty)
{
    uint64_t oldest = PyTuple_GET_SIZE(values) ? UINT64_MAX : if_empty;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values); i++) {
        uint64_t serial = serial_of((Value *)PyTuple_GET_ITEM(values, i));
        oldest = serial < oldest ? serial : oldest;
    }
    return oldest;
}

/* twin: between */
static PyObject *
engine_between(PyObject *module, PyObject *args)
{
    State *state = PyModule_GetState(module);
    PyObject *roots, *sources, *list = NULL;
    if (!PyArg_ParseTuple(args, "OO:between", &roots, &sources) || !(roots = read_values(state, roots, "between"))) {
        return NULL;
    }
    if (!(sources = read_values(state, sources, "between"))) {
        Py_DECREF(roots);
        return NULL;
    }
    Sweep sweep = sweep_reach(items_of(roots), PyTuple_GET_SIZE(roots), false, oldest_of(sources, 0));
    Nodes order = {0};
    if (list_marked(&sweep, &order) == 0) {
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sources); i++) {
            Value *source = (Value *)PyTuple_GET_ITEM(sources, i);
            source->recording |= source->recording & MARKED ? MOVES : 0;
        }
        size_t count = 0;
        for (size_t i = 0; i < order.count; i++) {
            Value *node = order.items[i];
            const Operand *operands = operands_of(node);
            const size_t n = count_operands(node);
            for (size_t k = 0; !(node->recording & MOVES) && k < n; k++) {
                /* One that was not reached is older than all sources, and does not move. */
                node->recording |= is_edge(&operands[k]) ? operand_value(&operands[k])->recording & MOVES : 0;
            }
            if (node->recording & MOVES) {
                order.items[count++] = node;
            }
        }
        order.count = count;
        sweep_end(&sweep);
        list = list_of(&order);
    }
    PyMem_Free(order.items);
    Py_DECREF(sources);
    Py_DECREF(roots);
    return list;
}

/* twin: is_closed */
static PyObject *
engine_is_closed(PyObject *module, PyObject *args)
{
    State *state = PyModule_GetState(module);
    PyObject *roots, *leaves, *result = NULL;
    if (!PyArg_ParseTuple(args, "OO:is_closed", &roots, &leaves)
        || !(roots = read_values(state, roots, "is_closed"))) {
        return NULL;
    }
    if ((leaves = read_values(state, leaves, "is_closed"))) {
        Sweep sweep = sweep_reach(items_of(roots), PyTuple_GET_SIZE(roots), false, 0);
        uint64_t oldest = oldest_of(leaves, UINT64_MAX);
        bool is_closed = true;
        for (const Source *source = sweep.sources; source; source = source->next) {
            is_closed &= op_of(&source->value) != OP_LEAF || serial_of(&source->value) >= oldest;
        }
        sweep_end(&sweep);
        result = PyBool_FromLong(is_closed);
    }
    Py_XDECREF(leaves);
    Py_DECREF(roots);
    return result;
}

/* ---- recording ------------------------------------------------------------------------------- */

/* Return Python's own function that gives the value of a primitive. Borrowed. */
static PyObject *
python_function(State *state, int op)
{
    PyObject *function = PyTuple_GET_ITEM(state->functions, op);
    if (function != Py_None) {
        return function;
    }
    PyObject *formula = PyImport_ImportModule("autograd._formula");
    PyObject *language = formula ? PyObject_GetAttrString(formula, "FUNCTIONS") : NULL;
    PyObject *entry = language ? PyMapping_GetItemString(language, PRIMITIVES[op].python) : NULL;
    function = entry ? PySequence_GetItem(entry, 0) : NULL;
    Py_XDECREF(entry);
    Py_XDECREF(language);
    Py_XDECREF(formula);
    if (function) {
        PyTuple_SET_ITEM(state->functions, op, function);
        Py_DECREF(Py_None);
    }
    return function;
}

/* Put the value that a function of Python gives into *out, and release args. Return 1; or 0 where it raises
 * what floats raise, or -1, both with an exception set. */
static int
call_python(PyObject *function, PyObject *args, double *out)
{
    PyObject *result = function && args ? PyObject_CallObject(function, args) : NULL;
    Py_XDECREF(args);
    if (result) {
        *out = PyFloat_AsDouble(result);
        Py_DECREF(result);
        return *out == -1.0 && PyErr_Occurred() ? -1 : 1;
    }
    return PyErr_ExceptionMatches(PyExc_ValueError) || PyErr_ExceptionMatches(PyExc_ArithmeticError) ? 0 : -1;
}

/* The value of a primitive that has a kernel; inf where Python's function raises: the kernel will say why. */
static int
value_of_python(State *state, int op, const double *numbers, double *out)
{
    const int n = PRIMITIVES[op].n_operands;
    PyObject *args = PyTuple_New(n);
    for (int i = 0; args && i < n; i++) {
        PyObject *number = PyFloat_FromDouble(numbers[i]);
        if (!number) {
            Py_CLEAR(args);
            break;
        }
        PyTuple_SET_ITEM(args, i, number);
    }
    int status = call_python(args ? python_function(state, op) : NULL, args, out);
    if (status == 0) {
        PyErr_Clear();
        *out = INFINITY;
    }
    return status < 0 ? -1 : 0;
}

/* Fill in the operands of a node. values[i] is NULL where operand i is the plain number numbers[i]. */
INLINE void
set_operands(Value *node, int n, PyObject *const *values, const double *numbers, const double *partial, unsigned flat)
{
    for (int i = 0; i < n; i++) {
        Operand *operand = operands_of(node) + i;
        if (!values[i]) {
            operand->value = FLAT;
            operand->number = numbers[i];
        } else if (flat >> i & 1) {
            operand->value = (uintptr_t)Py_NewRef(values[i]) | FLAT;
            operand->number = 0.0;
        } else {
            operand->value = (uintptr_t)Py_NewRef(values[i]);
            operand->number = partial[i];
        }
    }
}

/* twin: _apply and _record. */
NOINLINE PyObject *
apply(State *state, int op, PyObject *const *values, double *numbers)
{
    const Primitive *primitive = &PRIMITIVES[op];
    const int n = primitive->n_operands;
    const unsigned all = (1u << n) - 1;
    const int modes = modes_of(state);
    if (modes < 0) {
        return NULL;
    }
    unsigned constant = modes & PLAIN ? all : 0, flat = 0;
    bool has_value = false;
    for (int i = 0; i < n; i++) {
        /* Primals are read here, when all operands are converted: a conversion may run Python code. */
        if (values[i]) {
            numbers[i] = ((Value *)values[i])->primal;
            has_value = true;
        }
        if (!values[i] || !is_variable(values[i])) {
            constant |= 1u << i;
        }
    }
    double out, partial[MOST_OPERANDS];
    if (primitive->python && value_of_python(state, op, numbers, &out) < 0) {
        return NULL;
    }
    int status = primitive->kernel(numbers, constant, modes & IEEE, &out, partial, &flat);
    if (RARELY(status != OK)) {
        raise_status(state, primitive, status, numbers);
        return NULL;
    }
    if (constant == all) {
        return has_value ? new_constant(state, out) : PyFloat_FromDouble(out);
    }
    Value *node = node_new(state, modes, op, (size_t)n, out, NULL);
    if (node) {
        set_operands(node, n, values, numbers, partial, constant | flat);
    }
    return (PyObject *)node;
}

/* The same for up to two operands, given one by one. */
NOINLINE PyObject *
apply_to(State *state, int op, PyObject *left, PyObject *right, double x, double y)
{
    PyObject *values[MOST_OPERANDS] = {left, right};
    double numbers[MOST_OPERANDS] = {x, y};
    return apply(state, op, values, numbers);
}

/* The same where the compiler can see the kernel and which operands are Values, for the case that no mode is in
 * force, no Value is a constant, the result exists and the block has room. With n == 1 there is no right operand. */
INLINE PyObject *
apply_seen(State *state, const int op, Kernel *kernel, const int n, PyObject *left, PyObject *right, double x, double y)
{
    PyObject *const values[2] = {left, right};
    const double numbers[2] = {left ? ((Value *)left)->primal : x, right ? ((Value *)right)->primal : y};
    const unsigned constant = (left ? 0u : 1u) | (right || n == 1 ? 0u : 2u);
    const bool variable = (!left || is_variable(left)) && (!right || is_variable(right));
    double out, partial[MOST_OPERANDS];
    unsigned flat = 0;
    const bool room = block_has_room(&state->space, sizeof(Value) + (size_t)n * sizeof(Operand));
    if (RARELY(PyList_GET_SIZE(state->entered) != 0 || !variable || !room)
        || RARELY(kernel(numbers, constant, false, &out, partial, &flat) != OK)) {
        return apply_to(state, op, left, right, x, y);
    }
    Value *node = node_begin(state, op, (size_t)n, out);
    set_operands(node, n, values, numbers, partial, flat);
    return (PyObject *)node;
}

/* A primitive of one operand, which is a Value. */
INLINE PyObject *
unary(State *state, const int op, Kernel *kernel, PyObject *value)
{
    return apply_seen(state, op, kernel, 1, value, NULL, 0.0, 0.0);
}

/* ---- the primitives, as functions and methods: _bindings._function --------------------------- */

/* Columns of operands under way: values (strong, or NULL) and numbers. */
typedef struct {
    PyObject **values;
    double *numbers;
    size_t count;
    size_t capacity;
} Columns;

static void
columns_free(Columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        Py_XDECREF(columns->values[i]);
    }
    PyMem_Free(columns->values);
    PyMem_Free(columns->numbers);
}

static int
columns_add(State *state, Columns *columns, PyObject *x, const char *where)
{
    if (columns->count == columns->capacity) {
        size_t capacity = columns->capacity ? 2 * columns->capacity : 16;
        if (capacity > UINT32_MAX) {
            PyErr_NoMemory();
            return -1;
        }
        PyObject **values = PyMem_Realloc(columns->values, capacity * sizeof(PyObject *));
        columns->values = values ? values : columns->values;
        double *numbers = values ? PyMem_Realloc(columns->numbers, capacity * sizeof(double)) : NULL;
        columns->numbers = numbers ? numbers : columns->numbers;
        if (!numbers) {
            PyErr_NoMemory();
            return -1;
        }
        columns->capacity = capacity;
    }
    PyObject *value;
    double number;
    if (read_operand(state, x, false, where, &value, &number) < 0) {
        return -1;
    }
    columns->values[columns->count] = Py_XNewRef(value);
    columns->numbers[columns->count++] = number;
    return 0;
}

/* Read all of an iterable. Return its length, or -1. */
static Py_ssize_t
columns_extend(State *state, Columns *columns, PyObject *iterable, const char *where)
{
    PyObject *iterator = PyObject_GetIter(iterable), *x;
    Py_ssize_t length = 0;
    if (!iterator) {
        return -1;
    }
    while ((x = PyIter_Next(iterator))) {
        int status = columns_add(state, columns, x, where);
        Py_DECREF(x);
        if (status < 0) {
            Py_DECREF(iterator);
            return -1;
        }
        length++;
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : length;
}

/* The value of columns by Python's own function. */
static int
total_of_python(State *state, int op, const Columns *columns, size_t length, double *out)
{
    const int n = PRIMITIVES[op].n_operands;
    PyObject *args = PyTuple_New(n);
    for (int k = 0; args && k < n; k++) {
        PyObject *list = PyList_New((Py_ssize_t)length);
        for (size_t i = 0; list && i < length; i++) {
            PyObject *number = PyFloat_FromDouble(columns->numbers[(size_t)k * length + i]);
            if (!number) {
                Py_CLEAR(list);
                break;
            }
            PyList_SET_ITEM(list, (Py_ssize_t)i, number);
        }
        if (!list) {
            Py_CLEAR(args);
            break;
        }
        PyTuple_SET_ITEM(args, k, list);
    }
    return call_python(args ? python_function(state, op) : NULL, args, out);
}

/* twin: _apply_to_columns */
static PyObject *
apply_to_columns(State *state, int op, Columns *columns, size_t length)
{
    const Primitive *primitive = &PRIMITIVES[op];
    const int n = primitive->n_operands, modes = modes_of(state);
    const unsigned all = (1u << n) - 1;
    double numbers[MOST_OPERANDS], shared[MOST_SHARED] = {0};
    bool recorded = false, has_value = false;
    if (modes < 0) {
        return NULL;
    }
    for (size_t i = 0; i < columns->count; i++) { /* now, when no more Python code runs */
        if (columns->values[i]) {
            columns->numbers[i] = ((Value *)columns->values[i])->primal;
            has_value = true;
            recorded |= is_variable(columns->values[i]);
        }
    }
    double out = primitive->total(columns->numbers, length, shared);
    if (primitive->python) {
        int status = total_of_python(state, op, columns, length, &out);
        if (status < 0 || (status == 0 && (!(modes & IEEE) || !primitive->beyond))) {
            return NULL;
        }
        if (status == 0) {
            double ignored[MOST_SHARED];
            PyErr_Clear();
            out = primitive->beyond(columns->numbers, length, ignored);
        }
    }
    if (!recorded || modes & PLAIN) {
        return has_value ? new_constant(state, out) : PyFloat_FromDouble(out);
    }
    Value *node = node_new(state, modes, op, columns->count, out, NULL);
    if (!node) {
        return NULL;
    }
    for (size_t i = 0; i < length; i++) {
        double partial[MOST_OPERANDS];
        unsigned constant = 0, flat = 0;
        for (int k = 0; k < n; k++) {
            PyObject *value = columns->values[(size_t)k * length + i];
            numbers[k] = columns->numbers[(size_t)k * length + i];
            constant |= (unsigned)(!value || !is_variable(value)) << k;
        }
        if (constant != all) {
            primitive->terms(numbers, constant, out, shared, partial, &flat);
        }
        flat |= constant;
        for (int k = 0; k < n; k++) {
            PyObject *value = columns->values[(size_t)k * length + i];
            Operand *operand = &operands_of(node)[(size_t)k * length + i];
            bool is_flat = flat >> k & 1;
            operand->value = (uintptr_t)Py_XNewRef(value) | (is_flat ? FLAT : 0);
            operand->number = !value ? numbers[k] : is_flat ? 0.0 : partial[k];
        }
    }
    return (PyObject *)node;
}

/* Call a primitive by its function. */
static PyObject *
call(State *state, int op, PyObject *const *args, Py_ssize_t count)
{
    const Primitive *primitive = &PRIMITIVES[op];
    if (count != primitive->n_operands && !primitive->spread) {
        raise_error(state, "wrong_count", "sin", primitive->name, primitive->n_operands, count);
        return NULL;
    }
    if (primitive->kernel) {
        PyObject *values[MOST_OPERANDS];
        double numbers[MOST_OPERANDS];
        for (int i = 0; i < primitive->n_operands; i++) {
            bool condition = strcmp(primitive->operands[i], "condition") == 0;
            if (read_operand(state, args[i], condition, primitive->name, &values[i], &numbers[i]) < 0) {
                return NULL;
            }
        }
        return apply(state, op, values, numbers);
    }
    Columns columns = {0};
    PyObject *result = NULL;
    Py_ssize_t lengths[MOST_OPERANDS] = {0};
    for (; primitive->spread && lengths[0] < count; lengths[0]++) {
        if (columns_add(state, &columns, args[lengths[0]], primitive->name) < 0) {
            goto done;
        }
    }
    for (int i = 0; i < primitive->n_operands && !primitive->spread; i++) {
        lengths[i] = columns_extend(state, &columns, args[i], primitive->name);
        if (lengths[i] < 0) {
            goto done;
        }
    }
    if (primitive->n_operands > 1 && lengths[0] != lengths[1]) {
        raise_error(state, "unequal_columns", "s(nn)", primitive->name, lengths[0], lengths[1]);
    } else {
        result = apply_to_columns(state, op, &columns, (size_t)lengths[0]);
    }
done:
    columns_free(&columns);
    return result;
}

/* Whether a primitive has one operand, and a kernel that gives its value: the compiler knows. */
#define IS_UNARY(op) (PRIMITIVES[op].n_operands == 1 && PRIMITIVES[op].kernel && !PRIMITIVES[op].python)

#define FUNCTION(name, doc)                                                                \
    static PyObject *function_##name(PyObject *m, PyObject *const *a, Py_ssize_t n)        \
    {                                                                                      \
        if (IS_UNARY(OP_##name) && n == 1 && Py_TYPE(a[0]) == first.value_type && m == first.module) { \
            return unary(first.state, OP_##name, PRIMITIVES[OP_##name].kernel, a[0]);      \
        }                                                                                  \
        return call(PyModule_GetState(m), OP_##name, a, n);                                \
    }
EACH_FUNCTION(FUNCTION)

/* A method is the function with self as its first operand. twin: _bindings.methods */
static PyObject *
call_method(PyObject *self, int op, PyObject *const *args, Py_ssize_t more)
{
    State *state = state_of(self);
    if (more > 1 && !PRIMITIVES[op].spread) {
        raise_error(state, "wrong_count", "sin", PRIMITIVES[op].name, PRIMITIVES[op].n_operands, more + 1);
        return NULL;
    }
    PyObject *few[2] = {self, more ? args[0] : NULL};
    PyObject **operands = more > 1 ? PyMem_Calloc((size_t)more + 1, sizeof(PyObject *)) : few;
    if (!operands) {
        return PyErr_NoMemory();
    }
    for (Py_ssize_t i = 0; more > 1 && i <= more; i++) {
        operands[i] = i ? args[i - 1] : self;
    }
    PyObject *result = call(state, op, operands, more + 1);
    if (operands != few) {
        PyMem_Free(operands);
    }
    return result;
}

#define METHOD(op, name, doc)                                                          \
    static PyObject *method_##name(PyObject *v, PyObject *const *a, Py_ssize_t more)   \
    {                                                                                  \
        if (IS_UNARY(OP_##op) && more == 0) {                                          \
            return unary(state_of(v), OP_##op, PRIMITIVES[OP_##op].kernel, v);         \
        }                                                                              \
        return call_method(v, OP_##op, a, more);                                       \
    }
EACH_METHOD(METHOD)

/* ---- the primitives, as operators: _bindings._operators -------------------------------------- */

/* The operand that is no Value: a number, or somebody else's. Return 1, or 0 with *result set. */
static int
read_other(State *state, PyObject *other, int op, bool on_the_left, double *number, PyObject **result)
{
    int real = real_number(state, other, number);
    if (real > 0) {
        return 1;
    }
    *result = NULL;
    PyObject *kind = real < 0 ? NULL : PyType_GetName(Py_TYPE(other));
    if (kind) {
        const char *symbol = PRIMITIVES[op].symbol;
        PyObject *where = on_the_left ? PyUnicode_FromFormat("%U %s Value", kind, symbol)
                                      : PyUnicode_FromFormat("Value %s %U", symbol, kind);
        if (where) {
            *result = PyObject_CallMethod(state->errors, "defer_or_refuse", "OO", where, other);
            Py_DECREF(where);
        }
        Py_DECREF(kind);
    }
    return 0;
}

/* Any two operands, one of them a Value. */
NOINLINE PyObject *
binary_of_any(PyObject *left, PyObject *right, int op)
{
    State *state = state_of(is_any_value(left) ? left : right);
    PyObject *values[2] = {is_value(state, left) ? left : NULL, is_value(state, right) ? right : NULL}, *result;
    double numbers[2] = {0.0, 0.0};
    if ((!values[0] && !read_other(state, left, op, true, &numbers[0], &result))
        || (!values[1] && !read_other(state, right, op, false, &numbers[1], &result))) {
        return result;
    }
    return apply_to(state, op, values[0], values[1], numbers[0], numbers[1]);
}

/* Whether x is a float or an int of one digit; then *number is set. */
INLINE bool
is_simple_number(PyObject *x, double *number)
{
    if (PyFloat_CheckExact(x)) {
        *number = PyFloat_AS_DOUBLE(x);
        return true;
    }
    if (!PyLong_CheckExact(x)) {
        return false;
    }
#if PY_VERSION_HEX >= 0x030c0000
    if (!PyUnstable_Long_IsCompact((PyLongObject *)x)) {
        return false;
    }
    *number = (double)PyUnstable_Long_CompactValue((PyLongObject *)x);
#else
    const Py_ssize_t sign = Py_SIZE(x);
    if (sign < -1 || sign > 1) {
        return false;
    }
    *number = sign ? (double)sign * ((PyLongObject *)x)->ob_digit[0] : 0.0;
#endif
    return true;
}

INLINE PyObject *
binary(PyObject *left, PyObject *right, const int op, Kernel *kernel)
{
    const PyTypeObject *type = first.value_type;
    double number;
    if (Py_TYPE(left) == type) {
        if (Py_TYPE(right) == type) {
            return apply_seen(first.state, op, kernel, 2, left, right, 0.0, 0.0);
        }
        if (is_simple_number(right, &number)) {
            return apply_seen(first.state, op, kernel, 2, left, NULL, 0.0, number);
        }
    } else if (Py_TYPE(right) == type && is_simple_number(left, &number)) {
        return apply_seen(first.state, op, kernel, 2, NULL, right, number, 0.0);
    }
    return binary_of_any(left, right, op);
}

#define BINARY(name)                                          \
    static PyObject *value_##name(PyObject *x, PyObject *y) \
    {                                                         \
        return binary(x, y, OP_##name, kernel_##name);        \
    }
BINARY(add)
BINARY(sub)
BINARY(mul)
BINARY(truediv)
BINARY(floordiv)
BINARY(mod)

static PyObject *
value_pow(PyObject *left, PyObject *right, PyObject *modulus)
{
    if (modulus != Py_None) {
        if (!is_any_value(left)) { /* then it is not for us to say, even if there is a Value */
            Py_RETURN_NOTIMPLEMENTED;
        }
        raise_error(state_of(left), "wrong_count", "sii", "pow", 2, 3);
        return NULL;
    }
    return binary(left, right, OP_pow, kernel_pow);
}

static PyObject *
value_neg(PyObject *self)
{
    return unary(state_of(self), OP_neg, kernel_neg, self);
}

static PyObject *
value_pos(PyObject *self)
{
    return unary(state_of(self), OP_pos, kernel_pos, self);
}

static PyObject *
value_abs(PyObject *self)
{
    return unary(state_of(self), OP_abs, kernel_abs, self);
}

/* ---- the type -------------------------------------------------------------------------------- */

#define METHOD_ENTRY(op, name, doc) {#name, (PyCFunction)(void (*)(void))method_##name, METH_FASTCALL, doc},
#define FUNCTION_ENTRY(name, doc) {#name, (PyCFunction)(void (*)(void))function_##name, METH_FASTCALL, doc},
#define FAST_WITH_KEYWORDS(function) (PyCFunction)(void (*)(void))function, METH_FASTCALL | METH_KEYWORDS
#define WITH_KEYWORDS(function) (PyCFunction)(void (*)(void))function, METH_VARARGS | METH_KEYWORDS

static PyMethodDef value_methods[] = {
    {"backward", FAST_WITH_KEYWORDS(value_backward), DOC_backward},
    {"tangent", WITH_KEYWORDS(value_tangent), DOC_tangent},
    {"zero_grad", (PyCFunction)value_zero_grad, METH_NOARGS, DOC_zero_grad},
    {"detach", (PyCFunction)value_detach, METH_NOARGS, DOC_detach},
    EACH_METHOD(METHOD_ENTRY)
    {"is_integer", (PyCFunction)value_is_integer, METH_NOARGS, NULL},
    {"conjugate", (PyCFunction)value_conjugate, METH_NOARGS, DOC_conjugate},
    {"rint", (PyCFunction)value_rint, METH_NOARGS, DOC_rint},
    {"__format__", (PyCFunction)value_format, METH_O, NULL},
    {"__trunc__", (PyCFunction)value_trunc, METH_NOARGS, NULL},
    {"__floor__", (PyCFunction)value_floor, METH_NOARGS, NULL},
    {"__ceil__", (PyCFunction)value_ceil, METH_NOARGS, NULL},
    {"__round__", (PyCFunction)value_round, METH_VARARGS, NULL},
    {"__copy__", (PyCFunction)value_copy, METH_NOARGS, NULL},
    {"__deepcopy__", value_deepcopy, METH_O, NULL},
    {"__reduce__", value_reduce, METH_NOARGS, NULL},
    {"__sizeof__", (PyCFunction)value_sizeof, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot value_slots[] = {
    {Py_tp_doc, DOC_Value},
    {Py_tp_new, value_new},
    {Py_tp_dealloc, value_dealloc},
    {Py_tp_methods, value_methods},
    {Py_tp_getset, value_getset},
    {Py_tp_repr, value_repr},
    {Py_tp_hash, value_hash},
    {Py_tp_richcompare, value_richcompare},
    {Py_nb_bool, value_bool},
    {Py_nb_float, value_float},
    {Py_nb_int, value_int},
    {Py_nb_divmod, value_divmod},
    {Py_nb_add, value_add},
    {Py_nb_subtract, value_sub},
    {Py_nb_multiply, value_mul},
    {Py_nb_true_divide, value_truediv},
    {Py_nb_floor_divide, value_floordiv},
    {Py_nb_remainder, value_mod},
    {Py_nb_power, value_pow},
    {Py_nb_negative, value_neg},
    {Py_nb_positive, value_pos},
    {Py_nb_absolute, value_abs},
    {0, NULL},
};

static PyType_Spec value_spec = {
    .name = "autograd._engine.Value",
    .basicsize = sizeof(Value),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = value_slots,
};

/* ---- the module ------------------------------------------------------------------------------ */

/* Set __all__, as the Python twin has it. */
static int
set_all(PyObject *module)
{
    PyObject *all = Py_BuildValue("[sssssssss]", "Value", "adjoints", "ancestors", "backward", "between",
                                  "closed_adjoints", "is_closed", "restore", "tangents");
    for (int op = OP_constant + 1; all && op < OP_OWN; op++) {
        if (PRIMITIVES[op].symbol[0] == '\0') {
            PyObject *name = PyUnicode_FromString(PRIMITIVES[op].name);
            if (!name || PyList_Append(all, name) < 0) {
                Py_CLEAR(all);
            }
            Py_XDECREF(name);
        }
    }
    int status = all ? PyModule_AddObjectRef(module, "__all__", all) : -1;
    Py_XDECREF(all);
    return status;
}

static int
engine_exec(PyObject *module)
{
    State *state = PyModule_GetState(module);
    state->errors = PyImport_ImportModule("autograd.errors");
    state->copying = PyImport_ImportModule("autograd._copying");
    state->modes = PyImport_ImportModule("autograd._modes");
    state->in_context = state->modes ? PyObject_GetAttrString(state->modes, "state") : NULL;
    state->entered = state->modes ? PyObject_GetAttrString(state->modes, "entered") : NULL;
    state->names = PyTuple_New(OP_OWN);
    state->functions = PyTuple_New(OP_OWN);
    if (!state->errors || !state->copying || !state->in_context || !state->entered || !state->names
        || !state->functions) {
        return -1;
    }
    for (int op = OP_LEAF; op < OP_OWN; op++) {
        PyTuple_SET_ITEM(state->functions, op, Py_NewRef(Py_None));
        PyObject *name = PyUnicode_InternFromString(op == OP_LEAF ? "" : PRIMITIVES[op].name);
        if (!name) {
            return -1;
        }
        PyTuple_SET_ITEM(state->names, op, name);
    }
    state->value_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &value_spec, NULL);
    if (!state->value_type) {
        return -1;
    }
    /* The interpreter's own messages call a Python class by its bare name; so shall they this one. */
    state->value_type->tp_name = "Value";
    state->value_type->tp_vectorcall = value_vectorcall;
    if (!first.value_type && PyInterpreterState_Get() == PyInterpreterState_Main()) {
        first.value_type = state->value_type;
        first.module = module;
        first.state = state;
    }
    return PyModule_AddType(module, state->value_type) < 0 ? -1 : set_all(module);
}

static int
engine_traverse(PyObject *module, visitproc visit, void *arg)
{
    State *state = PyModule_GetState(module);
    Py_VISIT(state->value_type);
    Py_VISIT(state->errors);
    Py_VISIT(state->copying);
    Py_VISIT(state->modes);
    Py_VISIT(state->in_context);
    Py_VISIT(state->entered);
    Py_VISIT(state->functions);
    Py_VISIT(state->names);
    Py_VISIT(state->real);
    Py_VISIT(state->mapping);
    return 0;
}

static int
engine_clear(PyObject *module)
{
    State *state = PyModule_GetState(module);
    if (first.state == state) {
        first.value_type = NULL;
        first.module = NULL;
        first.state = NULL;
    }
    Py_CLEAR(state->value_type);
    Py_CLEAR(state->errors);
    Py_CLEAR(state->copying);
    Py_CLEAR(state->modes);
    Py_CLEAR(state->in_context);
    Py_CLEAR(state->entered);
    Py_CLEAR(state->functions);
    Py_CLEAR(state->names);
    Py_CLEAR(state->real);
    Py_CLEAR(state->mapping);
    return 0;
}

static void
engine_free(void *module)
{
    State *state = PyModule_GetState(module);
    (void)engine_clear(module);
    space_free(&state->space);
    for (Source *source = state->spare, *next; source; source = next) {
        next = source->next;
        PyObject_Free(source);
    }
}

static PyMethodDef engine_methods[] = {
    {"backward", engine_backward, METH_O, DOC_sweep_backward},
    {"adjoints", (PyCFunction)(void (*)(void))engine_adjoints, METH_FASTCALL, DOC_adjoints},
    {"closed_adjoints", (PyCFunction)(void (*)(void))engine_closed_adjoints, METH_FASTCALL, DOC_closed_adjoints},
    {"tangents", engine_tangents, METH_VARARGS, DOC_tangents},
    {"ancestors", engine_ancestors, METH_O, DOC_ancestors},
    {"between", engine_between, METH_VARARGS, DOC_between},
    {"is_closed", engine_is_closed, METH_VARARGS, DOC_is_closed},
    {"restore", engine_restore, METH_VARARGS, DOC_restore},
    EACH_FUNCTION(FUNCTION_ENTRY)
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot engine_slots[] = {
    {Py_mod_exec, engine_exec},
#if PY_VERSION_HEX >= 0x030c0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef engine_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autograd._engine",
    .m_doc = "The C twin of autograd.engine.",
    .m_size = sizeof(State),
    .m_methods = engine_methods,
    .m_slots = engine_slots,
    .m_traverse = engine_traverse,
    .m_clear = engine_clear,
    .m_free = engine_free,
};

PyMODINIT_FUNC
PyInit__engine(void)
{
    return PyModuleDef_Init(&engine_module);
}
