// Rows that crossed the border: checked once, kept alive.
#pragma once

#include <nanobind/stl/optional.h>
#include <nanobind/stl/tuple.h>

#include <memory>
#include <optional>
#include <tuple>
#include <vector>

#include "../core/rows.hpp"
#include "arrays.hpp"

namespace multilayer {

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

}  // namespace multilayer
