// The native engine's Python module: checks what comes, releases the interpreter, runs.
//
// One module for each level of instructions; MULTILAYER_MODULE is its name.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include "core/build_plan.hpp"
#include "core/program.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace multilayer {
namespace {

template <typename T, int N> using Array = nb::ndarray<const T, nb::numpy, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
template <typename T, int N> using Output = nb::ndarray<T, nb::numpy, nb::ndim<N>, nb::c_contig, nb::device::cpu>;
using Whole = std::int64_t;

[[noreturn]] void refuse(const std::string& what) { throw nb::value_error(what.c_str()); }

void require(bool holds, const char* what) {
    if (!holds) refuse(what);
}

// Other threads may use the interpreter while this lives. If it ends meanwhile, this thread rests till the process ends
// too: CPython up to 3.13 would unwind it, and destructors let nothing pass.
class WithoutInterpreter {
public:
    WithoutInterpreter() : thread_(PyEval_SaveThread()) {}
    WithoutInterpreter(const WithoutInterpreter&) = delete;
    WithoutInterpreter& operator=(const WithoutInterpreter&) = delete;
    ~WithoutInterpreter() {
        try {
            PyEval_RestoreThread(thread_);
        } catch (...) {
            for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
        }
    }

private:
    PyThreadState* thread_;
};

// Ctrl-C, asked for from the main thread a few times a tenth of a second.
class Signals final : public Interrupt {
public:
    explicit Signals(bool main_thread) : main_thread_(main_thread), last_(Clock::now()) {}

    bool asked() override {
        if (stopped_ || !main_thread_) return stopped_;
        const auto now = Clock::now();
        if (now - last_ < std::chrono::milliseconds(30)) return false;
        last_ = now;
        const nb::gil_scoped_acquire gil;
        stopped_ = PyErr_CheckSignals() != 0;
        return stopped_;
    }

    // With the interpreter: a keyboard interrupt ends the run in peace; whatever else a signal raised goes on.
    void settle() const {
        if (!stopped_) return;
        if (!PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) nb::raise_python_error();
        PyErr_Clear();
    }

private:
    using Clock = std::chrono::steady_clock;
    bool main_thread_, stopped_ = false;
    Clock::time_point last_;
};

// Rows with the arrays that hold them. Labels and indices of sparse rows are copied, so that what was checked stays so.
template <typename T> struct Data {
    Rows<T> rows;
    nb::object owners;
    std::vector<std::int32_t> columns, labels;
    std::vector<Whole> begins;
};

// One label a row, the number of classes, targets of the label's class and of the others.
using Labels = std::tuple<Array<std::int32_t, 1>, Whole, double, double>;

template <typename T>
void set_targets(Data<T>& data, const std::optional<Array<T, 2>>& y, const std::optional<Labels>& classes,
                 const std::optional<Array<T, 1>>& weight, Whole first_id) {
    const Index n = data.rows.n;
    require(first_id >= 0 && first_id <= (Whole{1} << 32) - n, "first_id: rows' ids must be in [0, 2**32)");
    data.rows.first_id = static_cast<std::uint32_t>(first_id);
    if (y) {
        require(static_cast<Index>(y->shape(0)) == n, "Y: must have as many rows as X");
        data.rows.y = y->data(), data.rows.n_outputs = static_cast<Index>(y->shape(1));
    }
    if (classes) {
        const auto& [labels, n_classes, on, off] = *classes;
        require(static_cast<Index>(labels.shape(0)) == n, "labels: must have as many entries as X has rows");
        data.labels.assign(labels.data(), labels.data() + labels.shape(0));
        for (const std::int32_t label : data.labels) {
            require(0 <= label && label < n_classes, "labels: must be numbers of classes");
        }
        data.rows.labels = data.labels.data(), data.rows.n_outputs = n_classes;
        data.rows.on = static_cast<T>(on), data.rows.off = static_cast<T>(off);
    }
    if (weight) {
        require(static_cast<Index>(weight->shape(0)) == n, "weight: must have as many entries as X has rows");
        data.rows.weight = weight->data();
    }
}

template <typename T>
std::unique_ptr<Data<T>> dense(Array<T, 2> x, std::optional<Array<T, 2>> y, std::optional<Labels> labels,
                               std::optional<Array<T, 1>> weight, Whole first_id) {
    auto data = std::make_unique<Data<T>>();
    data->rows.n = static_cast<Index>(x.shape(0)), data->rows.n_inputs = static_cast<Index>(x.shape(1));
    data->rows.x = x.data();
    set_targets(*data, y, labels, weight, first_id);
    data->owners = nb::make_tuple(nb::cast(x), nb::cast(y), nb::cast(weight));
    return data;
}

template <typename T>
std::unique_ptr<Data<T>> sparse(Array<T, 1> values, Array<std::int32_t, 1> columns, Array<Whole, 1> begins, Whole n_inputs,
                                std::optional<Array<T, 2>> y, std::optional<Labels> labels,
                                std::optional<Array<T, 1>> weight, Whole first_id) {
    auto data = std::make_unique<Data<T>>();
    require(begins.shape(0) >= 1 && values.shape(0) == columns.shape(0), "X: is no CSR matrix");
    data->columns.assign(columns.data(), columns.data() + columns.shape(0));
    data->begins.assign(begins.data(), begins.data() + begins.shape(0));
    const Whole n_values = static_cast<Whole>(values.shape(0));
    require(data->begins.front() == 0 && data->begins.back() == n_values, "X: indptr must run from 0 to the number of values");
    for (std::size_t i = 1; i < data->begins.size(); ++i) {
        require(data->begins[i - 1] <= data->begins[i], "X: indptr must not fall");
    }
    for (const std::int32_t column : data->columns) {
        require(0 <= column && column < n_inputs, "X: a column index is out of range");
    }
    data->rows.n = static_cast<Index>(begins.shape(0)) - 1, data->rows.n_inputs = n_inputs;
    data->rows.values = values.data(), data->rows.columns = data->columns.data(), data->rows.begins = data->begins.data();
    set_targets(*data, y, labels, weight, first_id);
    data->owners = nb::make_tuple(nb::cast(values), nb::cast(y), nb::cast(weight));
    return data;
}

// Held while a program is used; a second thread is told instead of waiting with the interpreter in its hands.
template <typename T> std::unique_lock<std::mutex> occupy(Program<T>& program) {
    std::unique_lock lock(program.running, std::try_to_lock);
    if (!lock) throw std::runtime_error("program: runs in another thread already; make one program a thread");
    if (program.machines.empty()) throw std::runtime_error("program: its state was handed over; make a new program");
    return lock;
}

template <typename T> void require_gradient(const Program<T>& program) {
    require(has_gradient(program.plan), "activation: one of the network's has no derivative, so no gradient passes through it");
}

template <typename T> void require_fit(const Program<T>& program, const Data<T>& data, bool targets) {
    require(data.rows.n_inputs == program.plan.n_inputs, "X: has another number of columns than the network has inputs");
    if (targets) {
        require(data.rows.has_targets() && data.rows.n_outputs == program.plan.n_outputs,
                "Y: must have as many columns as the network has outputs");
    }
}

void require_rows(const Whole* order, std::size_t size, Index n) {
    for (std::size_t i = 0; i < size; ++i) require(0 <= order[i] && order[i] < n, "order: a row number is out of range");
}

template <typename T>
std::pair<Index, int> advance(Program<T>& program, const Data<T>& data, Array<Whole, 2> order, Array<Whole, 1> starts,
                              Array<double, 2> scalars, bool stop_on_nonfinite, Output<double, 2> loss,
                              Output<double, 2> weight, Output<double, 2> penalty, bool main_thread) {
    const auto lock = occupy(program);
    const std::size_t members = program.machines.size(), length = order.shape(1);
    require_gradient(program);
    require_fit(program, data, true);
    require(starts.shape(0) >= 1, "starts: must have one entry more than there are batches");
    const std::size_t batches = starts.shape(0) - 1;
    require(order.shape(0) == 1 || order.shape(0) == members, "order: must be one for all members, or one for each");
    require_rows(order.data(), order.size(), data.rows.n);
    require(0 <= starts(0) && starts(batches) <= static_cast<Whole>(length), "starts: go beyond the order");
    for (std::size_t j = 0; j < batches; ++j) require(starts(j) <= starts(j + 1), "starts: must not fall");
    require(scalars.shape(0) == batches && scalars.shape(1) == static_cast<std::size_t>(program.rule.scalars),
            "scalars: must have shape (batches, number of the rule's scalars)");
    for (const auto& array : {loss, weight, penalty}) {
        require(array.shape(0) == batches && array.shape(1) == members, "report: arrays must have shape (batches, members)");
    }
    const Stretch stretch{order.data(), order.shape(0) == 1 ? 0 : static_cast<Index>(length), starts.data(), scalars.data(),
                          static_cast<Index>(batches), static_cast<Index>(program.rule.scalars), stop_on_nonfinite};
    Report report{loss.data(), weight.data(), penalty.data()};
    Signals signals(main_thread);
    {
        const WithoutInterpreter without;
        program.advance(data.rows, stretch, report, signals);
    }
    signals.settle();
    return {report.done, static_cast<int>(report.ended)};
}

// Work without the interpreter, which says whether it was done; an error where it was interrupted.
template <typename Work> void uninterrupted(bool main_thread, const Work& work) {
    Signals signals(main_thread);
    bool whole;
    {
        const WithoutInterpreter without;
        const FlushSubnormals flush;
        whole = work(signals);
    }
    if (!whole) nb::raise_python_error();
}

// One of an occupied program's machines.
template <typename T> Machine<T>& member(Program<T>& program, Whole k) {
    require(0 <= k && k < static_cast<Whole>(program.machines.size()), "member: out of range");
    return *program.machines[static_cast<std::size_t>(k)];
}

template <typename T> std::size_t parameters(const Program<T>& program) {
    return static_cast<std::size_t>(program.plan.n_parameters);
}

template <typename T>
std::pair<double, double> gradient(Program<T>& program, Whole k, const Data<T>& data, std::optional<Array<Whole, 1>> order,
                                   bool masks, std::optional<Array<T, 1>> theta, Output<T, 1> to, bool main_thread) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    require_gradient(program);
    require_fit(program, data, true);
    if (order) require_rows(order->data(), order->size(), data.rows.n);
    require(to.size() == parameters(program) && (!theta || theta->size() == parameters(program)),
            "theta: must have as many entries as the network has parameters");
    const Batch batch{order ? order->data() : nullptr, 0, order ? static_cast<Index>(order->size()) : data.rows.n};
    Seen seen;
    uninterrupted(main_thread, [&](Interrupt& interrupt) {
        return machine.gradient(program.team, theta ? theta->data() : nullptr, data.rows, batch, masks, to.data(), seen,
                                &interrupt);
    });
    return {seen.loss, seen.weight};
}

template <typename T> std::pair<double, double> loss(Program<T>& program, Whole k, const Data<T>& data, bool main_thread) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    require_fit(program, data, true);
    double total = 0;
    uninterrupted(main_thread, [&](Interrupt& interrupt) {
        return machine.evaluation.loss(program.team, machine.parameters.theta.get(), data.rows, &interrupt, total);
    });
    return {total, weight_of(data.rows, Batch{nullptr, 0, data.rows.n})};
}

template <typename T>
void predict(Program<T>& program, Whole k, const Data<T>& data, int until, Output<T, 2> to, bool main_thread) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    require_fit(program, data, false);
    require(until < static_cast<int>(program.plan.operations.size()), "until: there is no such operation");
    require(static_cast<Index>(to.shape(0)) == data.rows.n &&
                static_cast<Index>(to.shape(1)) == machine.evaluation.units(until),
            "outputs: wrong shape");
    uninterrupted(main_thread, [&](Interrupt& interrupt) {
        return machine.evaluation.predict(program.team, machine.parameters.theta.get(), data.rows, until, to.data(), &interrupt);
    });
}

template <typename T>
double apply(Program<T>& program, Whole k, Array<T, 1> gradient, double weight, Array<double, 1> scalars) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    require(gradient.size() == parameters(program), "gradient: must have as many entries as the network has parameters");
    require(scalars.size() == static_cast<std::size_t>(program.rule.scalars), "scalars: must be as many as the rule has");
    const WithoutInterpreter without;
    const FlushSubnormals flush;
    return machine.apply(program.team, gradient.data(), weight, scalars.data());
}

// θ, then the slots.
template <typename T> std::vector<T*> arrays_of(Machine<T>& machine) {
    std::vector<T*> arrays{machine.parameters.theta.get()};
    for (const Memory<T>& slot : machine.parameters.slots) arrays.push_back(slot.get());
    return arrays;
}

template <typename T>
void write(Program<T>& program, Whole k, const std::vector<Array<T, 1>>& arrays, std::uint64_t step, std::uint64_t seed) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    const auto to = arrays_of(machine);
    require(arrays.size() == to.size(), "state: another number of slots than the rule has");
    for (const auto& array : arrays) require(array.size() == parameters(program), "state: arrays must have θ's shape");
    for (std::size_t i = 0; i < to.size(); ++i) std::copy_n(arrays[i].data(), parameters(program), to[i]);
    machine.step = step, machine.seed = seed;
}

// As many of the state's arrays as are given, θ first.
template <typename T> std::uint64_t read(Program<T>& program, Whole k, const std::vector<Output<T, 1>>& arrays) {
    const auto lock = occupy(program);
    Machine<T>& machine = member(program, k);
    const auto from = arrays_of(machine);
    require(arrays.size() <= from.size(), "state: more slots than the rule has");
    for (const auto& array : arrays) require(array.size() == parameters(program), "state: arrays must have θ's shape");
    for (std::size_t i = 0; i < arrays.size(); ++i) std::copy_n(from[i], parameters(program), arrays[i].data());
    return machine.step;
}

// An array that owns its memory.
template <typename T> nb::object owned(Memory<T>&& memory) {
    auto moved = std::make_unique<Memory<T>>(std::move(memory));
    T* const numbers = moved->get();
    const auto n = static_cast<std::size_t>(moved->size());
    const nb::capsule owner(moved.get(), [](void* held) noexcept { delete static_cast<Memory<T>*>(held); });
    moved.release();
    return nb::cast(Output<T, 1>(numbers, {n}, owner), nb::rv_policy::reference);
}

// The arrays of all members' states, θ first, and the steps made; all else that the machines hold is freed.
template <typename T> nb::tuple release(Program<T>& program) {
    const auto lock = occupy(program);
    const std::uint64_t step = program.machines.front()->step;
    std::vector<Memory<T>> memory;
    for (const auto& machine : program.machines) {
        memory.push_back(std::move(machine->parameters.theta));
        for (Memory<T>& slot : machine->parameters.slots) memory.push_back(std::move(slot));
    }
    program.machines.clear();
    nb::list members;
    for (std::size_t i = 0; i < memory.size();) {
        nb::list arrays;
        for (int k = 0; k <= program.rule.slots; ++k) arrays.append(owned(std::move(memory[i++])));
        members.append(arrays);
    }
    return nb::make_tuple(members, step);
}

// A network's outputs row by row, with parameters and buffers of its own; what it returns is overwritten by the next call.
template <typename T> class Predictor {
public:
    Predictor(Program<T>& program, Whole k, Output<T, 1> to)
        : plan_(program.plan), row_(plan_), theta_(plan_.n_parameters), to_(to.data()), result_(nb::cast(to)) {
        const auto lock = occupy(program);
        require(fits_single_row(plan_), "network: of dense layers only");
        require(static_cast<Index>(to.size()) == plan_.n_outputs, "outputs: wrong shape");
        std::copy_n(member(program, k).parameters.theta.get(), parameters(program), theta_.get());
    }

    nb::object operator()(nb::handle x) {
        Array<T, 1> row;
        if (!nb::try_cast(x, row, false) || static_cast<Index>(row.size()) != plan_.n_inputs) {
            refuse("x: must be a contiguous array of " + std::to_string(plan_.n_inputs) + " numbers of type float" +
                   std::to_string(8 * sizeof(T)));
        }
        row_.predict(theta_.get(), row.data(), to_);
        return result_;
    }

private:
    const Plan plan_;
    SingleRow<T> row_;
    Memory<T> theta_;
    T* to_;
    nb::object result_;
};

template <typename T> void bind(nb::module_& m, const std::string& bits) {
    nb::class_<Data<T>>(m, ("Data" + bits).c_str());
    m.def("dense", &dense<T>, "x"_a.noconvert(), "y"_a.noconvert().none(), "labels"_a.noconvert().none(),
          "weight"_a.noconvert().none(), "first_id"_a);
    m.def("sparse", &sparse<T>, "values"_a.noconvert(), "columns"_a, "begins"_a, "n_inputs"_a, "y"_a.noconvert().none(),
          "labels"_a.noconvert().none(), "weight"_a.noconvert().none(), "first_id"_a);
    nb::class_<Program<T>>(m, ("Program" + bits).c_str())
        .def("__init__",
             [](Program<T>* self, const Plan& plan, const std::string& rule, Whole members, int threads) {
                 require(members >= 1 && threads >= 1, "members, threads: must be at least 1");
                 require_whole(plan);
                 new (self) Program<T>(plan, rule, members, threads);
             })
        .def("advance", &advance<T>)
        .def("gradient", &gradient<T>, "member"_a, "data"_a, "order"_a.none(), "masks"_a, "theta"_a.none(), "to"_a,
             "main_thread"_a)
        .def("loss", &loss<T>)
        .def("predict", &predict<T>)
        .def("apply", &apply<T>)
        .def("write", &write<T>)
        .def("read", &read<T>)
        .def("release", &release<T>);
    nb::class_<Predictor<T>>(m, ("Predictor" + bits).c_str())
        .def(nb::init<Program<T>&, Whole, Output<T, 1>>())
        .def("__call__", &Predictor<T>::operator(), "x"_a.none());
}

void bind_plan(nb::module_& m) {
    nb::class_<Plan>(m, "Plan")
        .def("__init__",
             [](Plan* self, Whole n_inputs, bool mean, bool penalty_in_mean, bool proximal, std::optional<double> clip_norm,
                std::optional<double> clip_value) {
                 Plan plan;
                 plan.n_inputs = n_inputs, plan.mean = mean, plan.penalty_in_mean = penalty_in_mean;
                 plan.proximal = proximal, plan.clip_norm = clip_norm, plan.clip_value = clip_value;
                 new (self) Plan(std::move(plan));
             })
        .def("view", [](Plan& plan, Whole start, Whole rows, Whole columns, double rate, double l1, double l2, double decay) {
            plan.views.push_back({start, rows, columns, rate, l1, l2, decay});
            plan.n_parameters = start + rows * columns;
        })
        .def("affine", [](Plan& plan, int weight, int bias) { add_affine(plan, weight, bias); })
        .def("elementwise", [](Plan& plan, const std::string& name, std::vector<double> options) {
            add_elementwise(plan, name, std::move(options));
        })
        .def("hinges", [](Plan& plan, int slope, int knee) { add_hinges(plan, slope, knee); })
        .def("max_pool", [](Plan& plan, int pieces) { add_max_pool(plan, pieces); })
        .def("dropout", [](Plan& plan, double rate, std::uint32_t stream) { add_dropout(plan, rate, stream); })
        .def("head", [](Plan& plan, const std::string& output, const std::vector<double>& output_options,
                        const std::string& loss, bool own, const std::vector<double>& loss_options) {
            plan.n_outputs = units_after(plan);
            plan.head = find_head(output, output_options, loss, own, loss_options, static_cast<int>(plan.n_outputs));
        });
}

}  // namespace
}  // namespace multilayer

NB_MODULE(MULTILAYER_MODULE, m) {
    nb::set_leak_warnings(false);  // a thread that still trains when the interpreter ends keeps its program
    multilayer::bind_plan(m);
    multilayer::bind<float>(m, "32");
    multilayer::bind<double>(m, "64");
}
