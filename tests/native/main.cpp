// Runs every test of the files beside this one; what a variant is, CMakeLists.txt says.
#include "testing.hpp"

int main() { return multilayer::run_all(); }
