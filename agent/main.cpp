#include "agent/cli/cli.hpp"

int main(int argc, char** argv) { return lanyard::agent::run_cli(argc, argv); }
