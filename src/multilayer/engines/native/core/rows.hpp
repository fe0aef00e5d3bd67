// Rows of a data set, dense or CSR, and how a batch of them is brought into the panels of a tape.
#pragma once

#include <cstdint>
#include <array>
#include <vector>

#include "tape.hpp"
#include "transpose.hpp"

namespace multilayer {

// Arrays belong to the caller, who has checked their sizes and indices.
template <typename T> struct Rows {
    Index n = 0, n_inputs = 0, n_outputs = 0;
    const T* x = nullptr;                      // dense (n, n_inputs)
    const T* values = nullptr;                 // CSR, where x is none
    const std::int32_t* columns = nullptr;
    const std::int64_t* begins = nullptr;      // (n + 1)
    const T* y = nullptr;                      // (n, n_outputs)
    const std::int32_t* labels = nullptr;      // (n), where y is none: row i's target is `on` at its label, `off` elsewhere
    T on = 1, off = 0;
    const T* weight = nullptr;                 // (n); none: all 1
    std::uint32_t first_id = 0;

    bool sparse() const { return x == nullptr; }
    bool has_targets() const { return y || labels; }
};

// Which rows make a batch: order[0 … n), or first, first + 1, … where there is no order.
struct Batch {
    const std::int64_t* order = nullptr;
    Index first = 0, n = 0;

    Index operator[](Index i) const { return order ? order[i] : first + i; }
    Batch part(Index begin, Index end) const { return {order ? order + begin : nullptr, first + begin, end - begin}; }
};

template <typename T> inline double weight_of(const Rows<T>& data, const Batch& batch) {
    if (!data.weight) return static_cast<double>(batch.n);
    double total = 0;
    for (Index i = 0; i < batch.n; ++i) total += static_cast<double>(data.weight[batch[i]]);
    return total;
}

// Columns that a sparse batch uses, in the order in which they come.
class ActiveColumns {
public:
    template <typename T> void find(const Rows<T>& data, const Batch& batch) {
        if (place_.empty()) place_.assign(static_cast<std::size_t>(data.n_inputs), -1);
        for (const Index column : columns) place_[static_cast<std::size_t>(column)] = -1;
        columns.clear();
        for (Index i = 0; i < batch.n; ++i) {
            for (auto at = data.begins[batch[i]]; at < data.begins[batch[i] + 1]; ++at) {
                auto& place = place_[static_cast<std::size_t>(data.columns[at])];
                if (place >= 0) continue;
                place = static_cast<std::int32_t>(columns.size());
                columns.push_back(data.columns[at]);
            }
        }
    }
    void all(Index n) {
        columns.resize(static_cast<std::size_t>(n)), place_.resize(static_cast<std::size_t>(n));
        for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<Index>(i), place_[i] = static_cast<int>(i);
    }
    Index place(std::int32_t column) const { return place_[static_cast<std::size_t>(column)]; }

    std::vector<Index> columns;

private:
    std::vector<std::int32_t> place_;  // of each of the data's columns among the active ones; −1: not there
};

// Where a panel's samples stand as rows too: sample i's numbers from a column on begin at to + i·step.
template <typename T> struct RowsFrom {
    T* to;
    Index step;
};

// `columns` numbers of each of a panel's samples → [column][lane]; source(lane) is where a sample's numbers stand. With
// KEEP they are stored as rows as they pass: rows(column) says where.
template <bool KEEP, typename T, typename Source, typename Kept>
inline void gather_panel(const Source& source, const Kept& rows, Index columns, int used, int width, T* panel) {
    constexpr int count = LANES<T>;
    for (int lane = 0; lane < width; lane += count) {
        const int here = std::clamp(used - lane, 0, count);
        if (columns < count / 2) {  // a square is worth its turning from about half a vector on
            for (Index c = 0; c < columns; ++c) store(panel + c * width + lane, Lanes<T>(0.0));
            for (int i = 0; i < here; ++i) {
                const T* from = source(lane + i);
                for (Index c = 0; c < columns; ++c) panel[c * width + lane + i] = from[c];
                if constexpr (KEEP) {
                    const RowsFrom<T> kept = rows(0);
                    store(kept.to + (lane + i) * kept.step, load_first(from, static_cast<int>(columns)));
                }
            }
            continue;
        }
        std::array<const T*, count> from;
        for (int i = 0; i < here; ++i) from[static_cast<std::size_t>(i)] = source(lane + i);
        for (Index c = 0; c < columns; c += count) {
            const int n = static_cast<int>(std::min<Index>(count, columns - c));
            RowsFrom<T> kept{};
            if constexpr (KEEP) kept = rows(c);
            T* const to = panel + c * width + lane;
            const auto row = [&](int i, Lanes<T> numbers) {
                if constexpr (KEEP) store(kept.to + (lane + i) * kept.step, numbers);
                return numbers;
            };
            if (here == count && n == count) {
                transpose([&](int i) { return row(i, load(from[static_cast<std::size_t>(i)] + c)); }, count, to, width, count);
            } else {
                transpose([&](int i) { return row(i, load_first(from[static_cast<std::size_t>(i)] + c, n)); }, here, to, width, n);
            }
        }
    }
}

// A panel's targets from its samples' labels; lanes without a sample are `off`.
template <typename T> inline void gather_labels(const Rows<T>& data, const Batch& here, int width, T* panel) {
    const Lanes<T> off = Lanes<T>::all(data.off);
    for (Index at = 0; at < data.n_outputs * width; at += LANES<T>) store(panel + at, off);
    for (Index i = 0; i < here.n; ++i) panel[data.labels[here[i]] * width + i] = data.on;
}

// A panel's inputs, targets, factors and ids. `factor` is what each sample's δ is multiplied by beside its weight;
// `keep_rows` stores dense inputs as rows too, for the ∇W of an affine operation that takes them as they are.
template <typename T>
inline void gather(const Rows<T>& data, const Batch& batch, const ActiveColumns& active, Tape<T>& tape, Index panel,
                   double factor, bool keep_rows) {
    const int width = tape.width, used = static_cast<int>(std::min<Index>(width, batch.n - panel * width));
    const Batch here = batch.part(panel * width, panel * width + used);
    tape.used[static_cast<std::size_t>(panel)] = used;
    T* x = tape.value(0, panel);
    if (data.sparse()) {
        std::fill_n(x, tape.inputs * width, T(0));
        for (int i = 0; i < used; ++i) {
            for (auto at = data.begins[here[i]]; at < data.begins[here[i] + 1]; ++at) {
                x[active.place(data.columns[at]) * width + i] += data.values[at];
            }
        }
    } else {
        const auto input = [&](int i) { return data.x + here[i] * data.n_inputs; };
        if (keep_rows) {
            const auto rows = [&](Index column) -> RowsFrom<T> {
                const Index block = floor_to(column, width), step = tape.row_step(0, block);
                return {tape.rows(0, block) + panel * width * step + column - block, step};
            };
            gather_panel<true>(input, rows, data.n_inputs, used, width, x);
        } else {
            gather_panel<false>(input, nullptr, data.n_inputs, used, width, x);
        }
    }
    if (data.labels) {
        gather_labels(data, here, width, tape.target(panel));
    } else if (data.y) {
        const auto target = [&](int i) { return data.y + here[i] * data.n_outputs; };
        gather_panel<false>(target, nullptr, data.n_outputs, used, width, tape.target(panel));
    }
    T* scale = tape.scale(panel);
    for (int lane = 0; lane < width; lane += LANES<T>) store(scale + lane, Lanes<T>(used == width ? factor : 0.0));
    if (used < width || data.weight) {
        for (int i = 0; i < used; ++i) {
            scale[i] = static_cast<T>(data.weight ? static_cast<double>(data.weight[here[i]]) * factor : factor);
        }
    }
    if (!tape.needs_ids) return;
    std::uint32_t* ids = tape.ids.get() + panel * width;
    for (int i = 0; i < width; ++i) ids[i] = i < used ? data.first_id + static_cast<std::uint32_t>(here[i]) : 0u;
}

// What enters affine operation i, turned from [unit][lane] to rows of samples.
template <typename T> inline void turn_to_rows(Tape<T>& tape, int i, Index units, Index panel) {
    constexpr int count = LANES<T>;
    const int width = tape.width;
    const T* from = tape.value(i, panel);
    if (units <= count / 4) {  // fewer numbers than a square has exchanges
        const Index step = tape.row_step(i, 0);
        T* to = tape.rows(i, 0) + panel * width * step;
        for (int lane = 0; lane < tape.used[static_cast<std::size_t>(panel)]; ++lane) {
            for (Index c = 0; c < units; ++c) to[lane * step + c] = from[c * width + lane];
        }
        return;
    }
    for (Index c = 0; c < units; c += count) {
        const Index block = floor_to(c, width), step = tape.row_step(i, block);
        const int n = static_cast<int>(std::min<Index>(count, units - c));
        T* to = tape.rows(i, block) + panel * width * step + (c - block);
        for (int lane = 0; lane < width; lane += count) {
            const T* at = from + c * width + lane;
            if (n == count) transpose(at, width, count, to + lane * step, step, count);
            else transpose(at, width, n, to + lane * step, step, count);
        }
    }
}

}  // namespace multilayer
