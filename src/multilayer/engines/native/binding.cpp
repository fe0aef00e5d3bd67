// The native engine's Python module: checks what comes, releases the interpreter, runs.
//
// One module for each level of instructions; MULTILAYER_MODULE is its name.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include "border/predictor.hpp"
#include "border/state.hpp"
#include "core/build_plan.hpp"

using namespace nanobind::literals;

namespace multilayer {
namespace {

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
                        const std::vector<int>& groups, const std::string& loss, bool own,
                        const std::vector<double>& loss_options) {
            plan.n_outputs = units_after(plan);
            const int units = static_cast<int>(plan.n_outputs);
            plan.head = find_head(output, output_options, loss, own, loss_options, units, groups);
        });
}

}  // namespace
}  // namespace multilayer

NB_MODULE(MULTILAYER_MODULE, m) {
    nanobind::set_leak_warnings(false);  // a thread that still trains when the interpreter ends keeps its program
    multilayer::bind_plan(m);
    multilayer::bind<float>(m, "32");
    multilayer::bind<double>(m, "64");
}
