/* The C twin of autograd/engine.py: the same contract, to the last bit.
 *
 * Read engine.py first. Functions stand here in its order, as far as C lets them be defined before
 * they are used, and each names its counterpart.
 * The arithmetic of the primitives is generated from the table (see _primitives.inc.h); this file
 * holds the node, its recording, the sweeps, and what makes a Value behave as a float.
 *
 * The node. One allocation for each operation:
 *
 *     +--------+--------+---------+------+---------------+------+-----------+-- per operand --+
 *     | header | primal | adjoint | name | recording, op | slot | n_operands|  value  | number |
 *     +--------+--------+---------+------+---------------+------+-----------+-----------------+
 *
 * so 56 bytes and 16 for each operand. Invariants:
 *
 *   - value == 0:              the operand is a plain number, and `number` is that number;
 *   - value & FLAT:            the operand is a Value on which the result does not depend here, or a
 *                              constant: no edge, and `number` means nothing;
 *   - otherwise:               the operand is a parent, and `number` is the partial by it;
 *   - recording(operand) < recording(node), for every operand.
 *
 * Behind the operands, a node of a user's own primitive holds a reference to it, and a node recorded
 * under record_lines one to the text of its line: see EXTRAS.
 *
 * By the last one a node refers only to older nodes. The type is final, has no dict, and its name is
 * a plain string, so no cycle can be made of nodes, and they need no header of the cyclic garbage
 * collector. (A user's own primitive that holds a node it made closes a cycle, which is not found.) By the same, recording order is a topological order.
 *
 * The slot. Each sweep keeps the nodes it reached in an array of its own. A node is in the sweep if
 * array[node->slot] == node: a test that needs no clearing afterwards and no trust in what slot holds,
 * so that a sweep can be given up at any point (Briggs and Torczon, An efficient representation for
 * sparse sets, 1993). Another sweep may overwrite slots only while this one polls for signals, which
 * is where other Python code can run; `Reach.stamp` notices, and the slots are written again.
 *
 * Nothing here recurses over the graph. One sweep publishes its adjoints at its very end, in a loop
 * that cannot fail, so an exception before leaves every grad as it was.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <math.h>    /* the kernels */
#include <stdbool.h>
#include <stdint.h>
#include <string.h> /* strcmp */

#ifdef _MSC_VER
#define AG_THREAD_LOCAL __declspec(thread)
#else
#define AG_THREAD_LOCAL _Thread_local
#endif

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

typedef struct {
    const char *name;
    const char *symbol; /* of an operator; empty for a function */
    int n_operands;     /* or the number of columns */
    bool spread;        /* whether the one column is given as operands one by one */
    const char *operands[3];
    Domain domains[2];
    const char *python; /* the name in _formula.FUNCTIONS of the function that gives the value, or NULL */
    int (*kernel)(const double *, unsigned, bool, double *, double *, unsigned *);
    /* Instead of a kernel, a primitive of columns has: */
    double (*total)(const double *, size_t, double *);
    void (*terms)(const double *, unsigned, double, const double *, double *, unsigned *);
    double (*beyond)(const double *, size_t, double *); /* the value under `ieee` where Python's function raises */
} Primitive;

#include "_special.h"
#include "_primitives.inc.h"

_Static_assert(MOST_OPERANDS <= 3 && MOST_DOMAINS <= 2 && MOST_SHARED >= 1, "widen struct Primitive");
_Static_assert(OP_COUNT <= 256, "the op of a node has 8 bits");

/* ---- types and state ------------------------------------------------------------------------- */

typedef struct {
    uintptr_t value; /* strong reference to a Value, perhaps with FLAT; 0 for a plain number */
    double number;
} Operand;

#define FLAT ((uintptr_t)1)

typedef struct Value {
    PyObject_HEAD
    double primal;
    double adjoint;
    union {
        PyObject *name;     /* strong; NULL means "" */
        struct Value *next; /* while dying: the next to free, see value_dealloc */
    };
    uint64_t recording; /* (number in recording order << 16) | HAS_LINE | op */
    uint32_t slot;      /* position in the array of the sweep under way */
    uint32_t n_operands;
    Operand operands[];
} Value;

#define HAS_LINE ((uint64_t)0x100)

/* The modes: bits of autograd._modes. */
enum { PLAIN = 1, IEEE = 2, LINES = 4 };

typedef struct {
    PyTypeObject *value_type; /* strong */
    PyObject *errors;         /* strong: the module autograd.errors, which has the texts */
    PyObject *copying;        /* strong: the module autograd._copying */
    PyObject *modes;          /* strong: the module autograd._modes */
    PyObject *in_context;     /* strong: its context variable */
    PyObject *entered;        /* strong: its list that is empty while no mode was ever used */
    PyObject *functions;      /* strong: for each op, Python's own function, or None while not needed */
    PyObject *names;          /* strong: tuple of the ops' names */
    PyObject *real;           /* strong: numbers.Real, or NULL until first needed */
    PyObject *mapping;        /* strong: collections.abc.Mapping, or NULL until first needed */
    uint64_t clock;           /* recordings so far */
    uint64_t stamps;          /* how often a sweep has written slots */
} State;

static void value_dealloc(Value *self);
static PyObject *value_get_op(Value *self, void *closure);

static inline State *
state_of(PyObject *value)
{
    return PyType_GetModuleState(Py_TYPE(value));
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
    return operand->value && !(operand->value & FLAT);
}

static inline int
op_of(const Value *node)
{
    return (int)(node->recording & 0xff);
}

/* Whether a derivative may pass through a Value. twin: _is_variable */
static inline bool
is_variable(PyObject *value)
{
    return op_of((Value *)value) != OP_constant;
}

/* EXTRAS: what a node holds behind its operands, in the `value` of one more Operand each. */
static inline int
count_extras(uint64_t recording)
{
    return ((recording & 0xff) == OP_OWN) + !!(recording & HAS_LINE);
}

static inline PyObject *
primitive_of(const Value *node)
{
    return op_of(node) == OP_OWN ? (PyObject *)node->operands[node->n_operands].value : NULL; /* borrowed */
}

static inline PyObject *
line_of(const Value *node)
{
    bool own = op_of(node) == OP_OWN;
    return node->recording & HAS_LINE ? (PyObject *)node->operands[node->n_operands + own].value : NULL; /* borrowed */
}

static inline size_t
size_of(const Value *node)
{
    return sizeof(Value) + (node->n_operands + (size_t)count_extras(node->recording)) * sizeof(Operand);
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

/* Make a node. `own` is the primitive of an OP_OWN. Its operands are for the caller to fill in. */
static Value *
value_alloc(State *state, size_t n_operands, int op, PyObject *own)
{
    int modes = modes_of(state);
    PyObject *line = NULL;
    if (modes < 0 || ((modes & LINES) && !(line = PyObject_CallMethod(state->modes, "caller", NULL)))) {
        return NULL;
    }
    uint64_t flags = (line ? HAS_LINE : 0) | (uint64_t)op;
    size_t extras = (size_t)count_extras(flags);
    Value *self = NULL;
    if (n_operands < UINT32_MAX && n_operands < (PY_SSIZE_T_MAX - sizeof(Value)) / sizeof(Operand) - 2) {
        self = PyObject_Malloc(sizeof(Value) + (n_operands + extras) * sizeof(Operand));
    }
    if (!self) {
        Py_XDECREF(line);
        PyErr_NoMemory();
        return NULL;
    }
    self->adjoint = 0.0;
    self->name = NULL;
    self->recording = (++state->clock << 16) | flags;
    self->slot = 0;
    self->n_operands = (uint32_t)n_operands;
    if (own) {
        self->operands[n_operands].value = (uintptr_t)Py_NewRef(own);
    }
    if (line) {
        self->operands[n_operands + extras - 1].value = (uintptr_t)line;
    }
    PyObject_Init((PyObject *)self, state->value_type);
    return self;
}

/* twin: Value.detach, and _constant for a Value */
static PyObject *
new_constant(State *state, double primal)
{
    Value *self = value_alloc(state, 0, OP_constant, NULL);
    if (self) {
        self->primal = primal;
    }
    return (PyObject *)self;
}

/* Free a node, and with it all that only it kept alive, without recursion: a node that dies while
 * another is being freed waits in a list. One list for each thread is
 * enough: only the end of a user's own primitive can run Python code here, and nodes that die in it join the
 * list. It cannot live in the module's state, which the last nodes of a program may outlive. */
static void
value_dealloc(Value *self)
{
    static AG_THREAD_LOCAL Value *dying = NULL;
    static AG_THREAD_LOCAL bool freeing = false;

    Py_XDECREF(self->name);
    self->next = dying;
    dying = self;
    if (freeing) {
        return;
    }
    freeing = true;
    while (dying) {
        Value *node = dying;
        dying = node->next;
        for (uint32_t i = 0; i < node->n_operands; i++) {
            Py_XDECREF((PyObject *)operand_value(&node->operands[i]));
        }
        Py_XDECREF(primitive_of(node));
        Py_XDECREF(line_of(node));
        PyTypeObject *type = Py_TYPE(node);
        PyObject_Free(node);
        Py_DECREF(type);
    }
    freeing = false;
}

/* twin: Value.__init__ */
static PyObject *
value_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"data", "name", NULL};
    State *state = PyType_GetModuleState(type);
    PyObject *data, *name = NULL;
    double primal;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|O:Value", keywords, &data, &name)
        || required_real(state, data, "Value", &primal) < 0) {
        return NULL;
    }
    if (name && !PyUnicode_CheckExact(name)) {
        raise_error(state, "not_a_name", "(O)", name);
        return NULL;
    }
    Value *self = value_alloc(state, 0, OP_LEAF, NULL);
    if (self) {
        self->primal = primal;
        self->name = Py_XNewRef(name);
    }
    return (PyObject *)self;
}

/* ---- order: _reach --------------------------------------------------------------------------- */

typedef struct {
    Value **nodes; /* borrowed from the root, which the caller holds */
    size_t count;
    size_t capacity;
    uint64_t stamp; /* state->stamps when this sweep last wrote the slots */
} Reach;

#define POLL_EVERY ((size_t)1 << 16) /* nodes between two looks for signals */

static inline bool
reached(const Reach *reach, const Value *node)
{
    return node->slot < reach->count && reach->nodes[node->slot] == node;
}

static void
write_slots(State *state, Reach *reach)
{
    for (size_t i = 0; i < reach->count; i++) {
        reach->nodes[i]->slot = (uint32_t)i;
    }
    reach->stamp = ++state->stamps;
}

/* Let a signal be handled, now and then. Its handler may sweep graphs itself. */
static int
poll(State *state, Reach *reach, size_t step)
{
    if (step % POLL_EVERY != POLL_EVERY - 1) {
        return 0;
    }
    if (PyErr_CheckSignals() < 0) {
        return -1;
    }
    if (state->stamps != reach->stamp) {
        write_slots(state, reach);
    }
    return 0;
}

static int
reach_add(Reach *reach, Value *node)
{
    if (reach->count == reach->capacity) {
        size_t capacity = reach->capacity ? 2 * reach->capacity : 64;
        Value **nodes = capacity > UINT32_MAX ? NULL : PyMem_Realloc(reach->nodes, capacity * sizeof(Value *));
        if (!nodes) {
            PyErr_NoMemory();
            return -1;
        }
        reach->nodes = nodes;
        reach->capacity = capacity;
    }
    node->slot = (uint32_t)reach->count;
    reach->nodes[reach->count++] = node;
    return 0;
}

/* Sort the nodes by recording: a radix sort, one byte of the range of recordings at a time. */
static int
reach_sort(Reach *reach)
{
    uint64_t first = UINT64_MAX, last = 0;
    for (size_t i = 0; i < reach->count; i++) {
        uint64_t recording = reach->nodes[i]->recording >> 16;
        first = recording < first ? recording : first;
        last = recording > last ? recording : last;
    }
    Value **from = reach->nodes;
    Value **to = PyMem_Malloc(reach->count * sizeof(Value *));
    if (!to) {
        PyErr_NoMemory();
        return -1;
    }
    for (int shift = 0; shift < 64 && (last - first) >> shift; shift += 8) {
        size_t position[256] = {0};
        for (size_t i = 0; i < reach->count; i++) {
            position[(((from[i]->recording >> 16) - first) >> shift) & 0xff]++;
        }
        size_t sum = 0;
        for (int digit = 0; digit < 256; digit++) {
            size_t size = position[digit];
            position[digit] = sum;
            sum += size;
        }
        for (size_t i = 0; i < reach->count; i++) {
            to[position[(((from[i]->recording >> 16) - first) >> shift) & 0xff]++] = from[i];
        }
        Value **swapped = from;
        from = to;
        to = swapped;
    }
    reach->nodes = from;
    reach->capacity = reach->count;
    PyMem_Free(to);
    return 0;
}

/* Collect the roots and all that they depend on, in recording order, with their slots written. With
 * `through_flat`, collect what they were computed from without depending on it, too. Nothing older
 * than the recording `since` is collected. On error the caller still frees reach->nodes. */
static int
reach_from(State *state, Reach *reach, PyObject *const *roots, Py_ssize_t n_roots, bool through_flat, uint64_t since)
{
    *reach = (Reach){.stamp = ++state->stamps};
    for (Py_ssize_t i = 0; i < n_roots; i++) {
        Value *root = (Value *)roots[i];
        if (root->recording >= since && !reached(reach, root) && reach_add(reach, root) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < reach->count; i++) { /* grows while it is read */
        const Value *node = reach->nodes[i];
        for (uint32_t k = 0; k < node->n_operands; k++) {
            Value *source = operand_value(&node->operands[k]);
            if (source && (through_flat || is_edge(&node->operands[k])) && source->recording >= since
                && !reached(reach, source) && reach_add(reach, source) < 0) {
                return -1;
            }
        }
        if (poll(state, reach, i) < 0) {
            return -1;
        }
    }
    if (reach_sort(reach) < 0) {
        return -1;
    }
    write_slots(state, reach);
    return 0;
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

typedef struct {
    PyObject *copy;   /* strong: the dict that was given, which nobody else can change */
    PyObject **nodes; /* its keys, borrowed */
    double *numbers;  /* its values */
    Py_ssize_t count;
} Seeds;

static void
seeds_free(Seeds *seeds)
{
    PyMem_Free(seeds->nodes);
    PyMem_Free(seeds->numbers);
    Py_CLEAR(seeds->copy);
}

/* twin: _seeds. On error the caller still frees them. */
static int
read_seeds(State *state, PyObject *given, const char *where, Seeds *seeds)
{
    *seeds = (Seeds){0};
    int mapping = is_instance(given, &state->mapping, "collections.abc", "Mapping");
    if (mapping == 0) {
        raise_error(state, "not_seeds", "sO", where, given);
    }
    if (mapping <= 0 || !(seeds->copy = PyObject_CallOneArg((PyObject *)&PyDict_Type, given))) {
        return -1;
    }
    size_t count = (size_t)PyDict_GET_SIZE(seeds->copy);
    seeds->nodes = PyMem_Calloc(count + 1, sizeof(PyObject *));
    seeds->numbers = PyMem_Calloc(count + 1, sizeof(double));
    if (!seeds->nodes || !seeds->numbers) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject *number;
    Py_ssize_t position = 0;
    for (Py_ssize_t i = 0; PyDict_Next(seeds->copy, &position, &seeds->nodes[i], &number); i++) {
        if (required_real(state, number, "seed", &seeds->numbers[i]) < 0) {
            return -1;
        }
        seeds->count++;
    }
    return check_values(state, seeds->nodes, seeds->count, where);
}

/* ---- the two sweeps -------------------------------------------------------------------------- */

/* twin: _sweep_backward. Return the adjoints of order->nodes; the caller frees both, also on error. */
static double *
sweep_backward(State *state, Reach *order, PyObject *const *roots, const double *seeds, Py_ssize_t n_roots)
{
    if (reach_from(state, order, roots, n_roots, false, 0) < 0) {
        return NULL;
    }
    double *adjoint = PyMem_Calloc(order->count + 1, sizeof(double));
    if (!adjoint) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n_roots; i++) {
        adjoint[((Value *)roots[i])->slot] = seeds[i];
    }
    for (size_t i = order->count; i-- > 0;) {
        const Value *node = order->nodes[i];
        for (uint32_t k = 0; k < node->n_operands; k++) {
            if (is_edge(&node->operands[k])) {
                adjoint[operand_value(&node->operands[k])->slot] += adjoint[i] * node->operands[k].number;
            }
        }
        if (poll(state, order, i) < 0) {
            PyMem_Free(adjoint);
            return NULL;
        }
    }
    return adjoint;
}

/* Set every grad to the adjoint found: nothing here can fail. Return None, or NULL if none were found. */
static PyObject *
publish(Reach *order, double *adjoint)
{
    for (size_t i = 0; adjoint && i < order->count; i++) {
        Value *node = order->nodes[i];
        node->adjoint = op_of(node) ? adjoint[i] : node->adjoint + adjoint[i];
    }
    PyObject *result = adjoint ? Py_NewRef(Py_None) : NULL;
    PyMem_Free(order->nodes);
    PyMem_Free(adjoint);
    return result;
}

/* twin: Value.backward */
static PyObject *
value_backward(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"seed", NULL};
    State *state = state_of(self);
    PyObject *given = NULL;
    double seed = 1.0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:backward", keywords, &given)
        || (given && required_real(state, given, "seed", &seed) < 0)) {
        return NULL;
    }
    Reach order;
    double *adjoint = sweep_backward(state, &order, &self, &seed, 1);
    return publish(&order, adjoint);
}

/* twin: backward */
static PyObject *
engine_backward(PyObject *module, PyObject *given)
{
    State *state = PyModule_GetState(module);
    Seeds seeds;
    PyObject *result = NULL;
    if (read_seeds(state, given, "backward", &seeds) == 0) {
        Reach order;
        double *adjoint = sweep_backward(state, &order, seeds.nodes, seeds.numbers, seeds.count);
        result = publish(&order, adjoint);
    }
    seeds_free(&seeds);
    return result;
}

/* Return a list of what a sweep found for some nodes, with None where `found` says there is nothing. */
static PyObject *
findings(State *state, Reach *order, PyObject *nodes, const double *numbers, const bool *found)
{
    PyObject *list = PyList_New(PyTuple_GET_SIZE(nodes));
    if (state->stamps != order->stamp) { /* a garbage collection ran somebody's sweep */
        write_slots(state, order);
    }
    for (Py_ssize_t i = 0; list && i < PyTuple_GET_SIZE(nodes); i++) {
        const Value *node = (Value *)PyTuple_GET_ITEM(nodes, i);
        bool is_found = reached(order, node) && (!found || found[node->slot]);
        PyObject *item = is_found ? PyFloat_FromDouble(numbers[node->slot]) : Py_NewRef(Py_None);
        if (!item) {
            Py_CLEAR(list);
            break;
        }
        PyList_SET_ITEM(list, i, item);
    }
    return list;
}

/* twin: adjoints */
static PyObject *
engine_adjoints(PyObject *module, PyObject *args)
{
    State *state = PyModule_GetState(module);
    PyObject *given, *nodes, *result = NULL;
    if (!PyArg_ParseTuple(args, "OO:adjoints", &given, &nodes) || !(nodes = read_values(state, nodes, "adjoints"))) {
        return NULL;
    }
    Seeds seeds;
    if (read_seeds(state, given, "backward", &seeds) == 0) {
        Reach order;
        double *adjoint = sweep_backward(state, &order, seeds.nodes, seeds.numbers, seeds.count);
        result = adjoint ? findings(state, &order, nodes, adjoint, NULL) : NULL;
        PyMem_Free(adjoint);
        PyMem_Free(order.nodes);
    }
    seeds_free(&seeds);
    Py_DECREF(nodes);
    return result;
}

/* twin: tangents */
static PyObject *
sweep_forward(State *state, PyObject *given, PyObject *nodes)
{
    Seeds seeds;
    Reach order = {0};
    double *tangent = NULL;
    bool *moves = NULL; /* what no seed reaches does not move at all, not by 0.0 */
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
    if (!(wanted = read_values(state, nodes, "tangents"))
        || reach_from(state, &order, items_of(wanted), PyTuple_GET_SIZE(wanted), false, 0) < 0) {
        goto done;
    }
    tangent = PyMem_Calloc(order.count + 1, sizeof(double));
    moves = PyMem_Calloc(order.count + 1, sizeof(bool));
    if (!tangent || !moves) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < seeds.count; i++) {
        const Value *leaf = (Value *)seeds.nodes[i];
        if (reached(&order, leaf)) {
            tangent[leaf->slot] = seeds.numbers[i];
            moves[leaf->slot] = true;
        }
    }
    for (size_t i = 0; i < order.count; i++) {
        const Value *node = order.nodes[i];
        for (uint32_t k = 0; k < node->n_operands; k++) {
            if (is_edge(&node->operands[k])) {
                uint32_t parent = operand_value(&node->operands[k])->slot;
                if (moves[parent]) {
                    tangent[i] += node->operands[k].number * tangent[parent];
                    moves[i] = true;
                }
            }
        }
        if (poll(state, &order, i) < 0) {
            goto done;
        }
    }
    result = findings(state, &order, wanted, tangent, moves);
done:
    seeds_free(&seeds);
    PyMem_Free(tangent);
    PyMem_Free(moves);
    PyMem_Free(order.nodes);
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
    self->adjoint = 0.0;
    Py_RETURN_NONE;
}

/* twin: Value.detach */
static PyObject *
value_detach(Value *self, PyObject *Py_UNUSED(ignored))
{
    Value *constant = (Value *)new_constant(state_of((PyObject *)self), self->primal);
    if (constant) {
        constant->name = Py_XNewRef(self->name);
    }
    return (PyObject *)constant;
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
    return PyFloat_FromDouble(self->adjoint);
}

static int
value_set_grad(Value *self, PyObject *given, void *Py_UNUSED(closure))
{
    if (!given) {
        return refuse("grad", "deleter");
    }
    return required_real(state_of((PyObject *)self), given, "grad", &self->adjoint);
}

static PyObject *
value_get_name(Value *self, void *Py_UNUSED(closure))
{
    return self->name ? Py_NewRef(self->name) : PyUnicode_FromString("");
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
    Py_XSETREF(self->name, Py_NewRef(given));
    return 0;
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
    PyObject *operands = PyTuple_New(self->n_operands);
    for (uint32_t k = 0; operands && k < self->n_operands; k++) {
        Value *value = operand_value(&self->operands[k]);
        PyObject *item = value ? Py_NewRef(value) : PyFloat_FromDouble(self->operands[k].number);
        if (!item) {
            Py_CLEAR(operands);
            break;
        }
        PyTuple_SET_ITEM(operands, k, item);
    }
    return operands;
}

/* twin: the tuples Value.parents and Value.partials */
static PyObject *
edges(Value *self, bool parents)
{
    Py_ssize_t count = 0;
    for (uint32_t k = 0; k < self->n_operands; k++) {
        count += is_edge(&self->operands[k]);
    }
    PyObject *tuple = PyTuple_New(count);
    Py_ssize_t i = 0;
    for (uint32_t k = 0; tuple && k < self->n_operands; k++) {
        const Operand *operand = &self->operands[k];
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
    PyObject *grad = PyFloat_FromDouble(self->adjoint);
    if (data && grad) {
        bool named = self->name && PyUnicode_GET_LENGTH(self->name);
        result = named ? PyUnicode_FromFormat("Value(data=%R, grad=%R, name=%R)", data, grad, self->name)
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

static Value *
value_copy(Value *self, PyObject *Py_UNUSED(ignored))
{
    Value *copy = value_alloc(state_of((PyObject *)self), self->n_operands, op_of(self), primitive_of(self));
    if (copy) {
        copy->primal = self->primal;
        copy->adjoint = self->adjoint;
        copy->name = Py_XNewRef(self->name);
        for (uint32_t k = 0; k < self->n_operands; k++) {
            copy->operands[k] = self->operands[k];
            Py_XINCREF((PyObject *)operand_value(&self->operands[k]));
        }
    }
    return copy;
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
    Value *self = value_alloc(state, (size_t)count, code, own);
    if (!self) {
        return NULL;
    }
    self->primal = primal;
    self->adjoint = adjoint;
    for (Py_ssize_t k = 0; k < count; k++) {
        self->operands[k].value = 0; /* so that it can be freed at any time */
    }
    if (!(self->name = PyUnicode_FromObject(name))) {
        Py_DECREF(self);
        return NULL;
    }
    bool is_source = code == OP_LEAF || code == OP_constant;
    if (PyTuple_GET_SIZE(partials) != n_edges || (is_source && count != 0)) {
        goto corrupt;
    }
    for (Py_ssize_t k = 0; k < count; k++) {
        PyObject *x = PyTuple_GET_ITEM(operands, k);
        Operand *operand = &self->operands[k];
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
    if (edge == n_edges) {
        return (PyObject *)self;
    }
corrupt:
    PyErr_SetString(PyExc_ValueError, "restore: expected operands, and the parents among them with their partials");
    Py_DECREF(self);
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
    PyObject *list = NULL;
    Reach order;
    if (reach_from(state, &order, &root, 1, true, 0) == 0) {
        list = PyList_New((Py_ssize_t)order.count);
        for (size_t i = 0; list && i < order.count; i++) {
            PyList_SET_ITEM(list, (Py_ssize_t)i, Py_NewRef(order.nodes[i]));
        }
    }
    PyMem_Free(order.nodes);
    return list;
}

/* Return the recording of the oldest in a tuple of Values, or what is given for an empty one. */
static uint64_t
oldest_of(PyObject *values, uint64_t if_empty)
{
    uint64_t oldest = PyTuple_GET_SIZE(values) ? UINT64_MAX : if_empty;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(values); i++) {
        uint64_t recording = ((Value *)PyTuple_GET_ITEM(values, i))->recording;
        oldest = recording < oldest ? recording : oldest;
    }
    return oldest;
}

/* twin: between */
static PyObject *
engine_between(PyObject *module, PyObject *args)
{
    State *state = PyModule_GetState(module);
    PyObject *roots, *sources, *list = NULL;
    bool *on_path = NULL;
    Reach order = {0};
    if (!PyArg_ParseTuple(args, "OO:between", &roots, &sources) || !(roots = read_values(state, roots, "between"))) {
        return NULL;
    }
    if (!(sources = read_values(state, sources, "between"))) {
        goto done;
    }
    uint64_t since = oldest_of(sources, 0);
    if (reach_from(state, &order, items_of(roots), PyTuple_GET_SIZE(roots), false, since) < 0) {
        goto done;
    }
    on_path = PyMem_Calloc(order.count + 1, sizeof(bool));
    if (!on_path) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sources); i++) {
        const Value *source = (Value *)PyTuple_GET_ITEM(sources, i);
        if (reached(&order, source)) {
            on_path[source->slot] = true;
        }
    }
    Py_ssize_t count = 0;
    for (size_t i = 0; i < order.count; i++) {
        const Value *node = order.nodes[i];
        for (uint32_t k = 0; !on_path[i] && k < node->n_operands; k++) {
            const Value *parent = is_edge(&node->operands[k]) ? operand_value(&node->operands[k]) : NULL;
            on_path[i] = parent && reached(&order, parent) && on_path[parent->slot];
        }
        count += on_path[i];
        if (poll(state, &order, i) < 0) {
            goto done;
        }
    }
    list = PyList_New(count);
    for (size_t i = 0, k = 0; list && i < order.count; i++) {
        if (on_path[i]) {
            PyList_SET_ITEM(list, (Py_ssize_t)k++, Py_NewRef(order.nodes[i]));
        }
    }
done:
    PyMem_Free(on_path);
    PyMem_Free(order.nodes);
    Py_XDECREF(sources);
    Py_DECREF(roots);
    return list;
}

/* twin: is_closed */
static PyObject *
engine_is_closed(PyObject *module, PyObject *args)
{
    State *state = PyModule_GetState(module);
    PyObject *roots, *leaves, *result = NULL;
    Reach order = {0};
    if (!PyArg_ParseTuple(args, "OO:is_closed", &roots, &leaves)
        || !(roots = read_values(state, roots, "is_closed"))) {
        return NULL;
    }
    if (!(leaves = read_values(state, leaves, "is_closed"))
        || reach_from(state, &order, items_of(roots), PyTuple_GET_SIZE(roots), false, 0) < 0) {
        goto done;
    }
    uint64_t oldest = oldest_of(leaves, UINT64_MAX);
    bool is_closed = true;
    for (size_t i = 0; i < order.count; i++) {
        is_closed &= op_of(order.nodes[i]) != OP_LEAF || order.nodes[i]->recording >= oldest;
    }
    result = PyBool_FromLong(is_closed);
done:
    PyMem_Free(order.nodes);
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

/* twin: _apply and _record. values[i] is NULL where operand i is the plain number numbers[i]. */
static PyObject *
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
    if (status != OK) {
        raise_status(state, primitive, status, numbers);
        return NULL;
    }
    if (constant == all) {
        return has_value ? new_constant(state, out) : PyFloat_FromDouble(out);
    }
    Value *node = value_alloc(state, (size_t)n, op, NULL);
    if (!node) {
        return NULL;
    }
    node->primal = out;
    flat |= constant;
    for (int i = 0; i < n; i++) {
        bool is_flat = flat >> i & 1;
        node->operands[i].value = (uintptr_t)Py_XNewRef(values[i]) | (values[i] && is_flat ? FLAT : 0);
        node->operands[i].number = !values[i] ? numbers[i] : is_flat ? 0.0 : partial[i];
    }
    return (PyObject *)node;
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
    Value *node = value_alloc(state, columns->count, op, NULL);
    if (!node) {
        return NULL;
    }
    node->primal = out;
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
            Operand *operand = &node->operands[(size_t)k * length + i];
            bool is_flat = flat >> k & 1;
            operand->value = (uintptr_t)Py_XNewRef(value) | (value && is_flat ? FLAT : 0);
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

#define FUNCTION(name, doc)                                                         \
    static PyObject *function_##name(PyObject *m, PyObject *const *a, Py_ssize_t n) \
    {                                                                               \
        return call(PyModule_GetState(m), OP_##name, a, n);                         \
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

#define METHOD(op, name, doc)                                                        \
    static PyObject *method_##name(PyObject *v, PyObject *const *a, Py_ssize_t more) \
    {                                                                                \
        return call_method(v, OP_##op, a, more);                                     \
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

static PyObject *
binary(PyObject *left, PyObject *right, int op)
{
    State *state = state_of(is_any_value(left) ? left : right);
    PyObject *values[2] = {is_value(state, left) ? left : NULL, is_value(state, right) ? right : NULL};
    PyObject *result;
    double numbers[2];
    if ((!values[0] && !read_other(state, left, op, true, &numbers[0], &result))
        || (!values[1] && !read_other(state, right, op, false, &numbers[1], &result))) {
        return result;
    }
    return apply(state, op, values, numbers);
}

#define BINARY(name)                                          \
    static PyObject *value_##name(PyObject *x, PyObject *y) \
    {                                                         \
        return binary(x, y, OP_##name);                       \
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
    return binary(left, right, OP_pow);
}

static PyObject *
value_neg(PyObject *self)
{
    return call_method(self, OP_neg, NULL, 0);
}

static PyObject *
value_pos(PyObject *self)
{
    return call_method(self, OP_pos, NULL, 0);
}

static PyObject *
value_abs(PyObject *self)
{
    return call_method(self, OP_abs, NULL, 0);
}

/* ---- the type -------------------------------------------------------------------------------- */

#define METHOD_ENTRY(op, name, doc) {#name, (PyCFunction)(void (*)(void))method_##name, METH_FASTCALL, doc},
#define FUNCTION_ENTRY(name, doc) {#name, (PyCFunction)(void (*)(void))function_##name, METH_FASTCALL, doc},
#define WITH_KEYWORDS(function) (PyCFunction)(void (*)(void))function, METH_VARARGS | METH_KEYWORDS

static PyMethodDef value_methods[] = {
    {"backward", WITH_KEYWORDS(value_backward), DOC_backward},
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
    PyObject *all = Py_BuildValue("[ssssssss]", "Value", "adjoints", "ancestors", "backward", "between", "is_closed",
                                  "restore", "tangents");
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
    if (!state->errors || !state->copying || !state->in_context || !state->entered || !state->names || !state->functions) {
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
    (void)engine_clear(module);
}

static PyMethodDef engine_methods[] = {
    {"backward", engine_backward, METH_O, DOC_sweep_backward},
    {"adjoints", engine_adjoints, METH_VARARGS, DOC_adjoints},
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
