// Philox against Random123's known answers, and masks against random.py.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/dropout.hpp"
#include "testing.hpp"

using namespace multilayer;

namespace {

// Factors of 6 units, one row a line, that random.py's dropout_mask draws for ROWS with SETTINGS: kept or dropped.
constexpr const char* MASK[16] = {"100010", "111011", "111000", "011110", "001101", "011101", "000010", "010010",
                                  "010100", "011010", "111111", "001111", "011100", "010111", "110111", "001100"};
const std::vector<std::uint32_t> ROWS = {0, 1, 7, ~0u, 5, 12, 3, 99, 1000, 2, 1u << 31, 6, 8, 9, 10, 11};

struct Settings {
    std::uint32_t stream = 3;
    std::uint64_t step = (1ull << 32) + 5, seed = (1ull << 40) + 7;
    double rate = 0.4;
};

template <typename T>
std::vector<T> mask_of(int units, int width, const std::uint32_t* rows, const Settings& settings) {
    std::vector<T> mask(static_cast<std::size_t>(units * width), T{-1});
    dropout_mask(mask.data(), units, width, rows, settings.stream, settings.step, settings.seed, settings.rate);
    return mask;
}

template <typename T> void agrees_with_python() {
    const int n = static_cast<int>(ROWS.size());
    for (const int width : {Lanes<T>::count, 2 * Lanes<T>::count}) {
        for (int first = 0; first + width <= n; first += width) {
            const auto mask = mask_of<T>(6, width, ROWS.data() + first, {});
            for (int i = 0; i < 6 * width; ++i) {
                const bool kept = MASK[first + i % width][i / width] == '1';
                CHECK(mask[static_cast<std::size_t>(i)] == (kept ? static_cast<T>(1.0 / 0.6) : T{0}));
            }
        }
    }
}

template <typename T> double share_kept(double rate) {
    constexpr int width = Lanes<T>::count, units = 4001;
    const auto mask = mask_of<T>(units, width, ROWS.data(), {0, 0, 0, rate});
    const auto kept = std::count_if(mask.begin(), mask.end(), [](T factor) { return factor != 0; });
    return static_cast<double>(kept) / (units * width);
}

}  // namespace

TEST(philox_gives_the_known_answers) {
    // Random123, kat_vectors, lines "philox4x32 10".
    const PhiloxCounter zeros = philox_4x32({0, 0, 0, 0}, {0, 0});
    CHECK((zeros == PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    const PhiloxCounter ones = philox_4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u});
    CHECK((ones == PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    const PhiloxCounter pi = philox_4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0});
    CHECK((pi == PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(dropout_masks_are_those_of_python) {
    agrees_with_python<float>();
    agrees_with_python<double>();
}

TEST(dropout_keeps_everything_at_rate_0_and_next_to_nothing_at_the_highest_rate) {
    CHECK(share_kept<float>(0.0) == 1.0);
    CHECK(share_kept<double>(0x1p-60) == 1.0);
    CHECK(share_kept<float>(1.0 - 0x1p-53) == 0.0);
    CHECK_NEAR(share_kept<double>(0.25), 0.75, 0.03);
}

TEST(dropout_masks_differ_between_rows_streams_steps_and_seeds) {
    constexpr int width = Lanes<float>::count;
    const std::vector<std::uint32_t> same(width, 7), other(width, 8);
    const auto mask = mask_of<float>(64, width, same.data(), {});
    for (std::size_t first = 0; first < mask.size(); first += width) CHECK(mask[first] == mask[first + 1]);
    CHECK(mask != mask_of<float>(64, width, other.data(), {}));
    Settings settings;
    settings.stream = 4;
    CHECK(mask != mask_of<float>(64, width, same.data(), settings));
    settings = {};
    settings.step += 1;
    CHECK(mask != mask_of<float>(64, width, same.data(), settings));
    settings.step = 5;  // steps repeat after 2³²
    CHECK(mask == mask_of<float>(64, width, same.data(), settings));
    settings.seed += 1ull << 32;
    CHECK(mask != mask_of<float>(64, width, same.data(), settings));
}
