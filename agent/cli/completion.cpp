#include "agent/cli/completion.hpp"

#include <algorithm>

namespace lanyard::agent {
namespace {

const OptionEntry* find_option(const CommandEntry& command, const std::string& name) {
  for (const OptionEntry& option : command.options)
    if (std::find(option.names.begin(), option.names.end(), name) != option.names.end())
      return &option;
  return nullptr;
}

/// What goes by the name of an argument, or of an option's value.
NamesOf names_for(std::string_view place) {
  if (place == "SPACE") return NamesOf::kSpaces;
  if (place == "DEVICE") return NamesOf::kDevices;
  if (place == "FILE" || place == "FOLDER") return NamesOf::kFiles;
  return NamesOf::kNothing;
}

/// Where the words before the last have led.
struct TypedPlace {
  std::vector<const CommandEntry*> path;
  std::size_t arguments = 0;           ///< so many are there
  const OptionEntry* waits = nullptr;  ///< an option, for its value
};

const OptionEntry* option_at(const TypedPlace& place, const std::string& word) {
  const OptionEntry* const own = find_option(*place.path.back(), word);
  return own != nullptr ? own : find_option(*place.path.front(), word);
}

TypedPlace place_of(const CommandEntry& root, const std::vector<std::string>& words) {
  TypedPlace place{{&root}, 0, nullptr};
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (place.waits != nullptr) {
      place.waits = nullptr;
    } else if (word.starts_with('-')) {
      const OptionEntry* const option = option_at(place, word);
      if (option != nullptr && !option->value.empty()) place.waits = option;
    } else if (const auto below = commands_named(*place.path.back(), {word}); below.size() > 1) {
      place.path.push_back(below.back());
    } else {
      ++place.arguments;
    }
  }
  return place;
}

void add_options(const CommandEntry& command, std::vector<Candidate>& into) {
  for (const OptionEntry& option : command.options)
    into.push_back({option.names.front(), option.help});
}

}  // namespace

Completion completion_of(const CommandEntry& root, const std::vector<std::string>& words) {
  Completion out;
  const TypedPlace place = place_of(root, words);
  const CommandEntry& last = *place.path.back();
  if (place.waits != nullptr) {
    out.names = names_for(place.waits->value);
    return out;
  }
  if (!words.empty() && words.back().starts_with('-')) {
    add_options(last, out.candidates);
    if (&last != &root) add_options(root, out.candidates);
    return out;
  }
  // `help` is followed by the commands themselves.
  const bool is_help = last.name == "help";
  const auto named = commands_named(root, {words.begin() + 1, words.end()});
  const CommandEntry& offers = is_help ? *named.back() : last;
  for (const CommandEntry& command : offers.commands)
    out.candidates.push_back({command.name, command.help});
  if (last.name == "completion")
    for (const char* const shell : {"bash", "zsh", "fish"}) out.candidates.push_back({shell, ""});
  if (place.arguments < last.arguments.size())
    out.names = names_for(last.arguments[place.arguments].name);
  return out;
}

std::optional<std::string> completion_script(std::string_view shell) {
  if (shell == "bash")
    return "# Completion of lanyard for bash:  source <(lanyard completion bash)\n"
           "_lanyard() {\n"
           "  local line current=${COMP_WORDS[COMP_CWORD]}\n"
           "  COMPREPLY=()\n"
           "  while IFS= read -r line; do\n"
           "    line=${line%%$'\\t'*}\n"
           "    [[ $line == \"$current\"* ]] && COMPREPLY+=(\"$(printf %q \"$line\")\")\n"
           "  done < <(\"${COMP_WORDS[0]}\" complete-words \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
           "2>/dev/null)\n"
           "}\n"
           "complete -o default -F _lanyard lanyard\n";
  if (shell == "zsh")
    return "#compdef lanyard\n"
           "# Completion of lanyard for zsh:  source <(lanyard completion zsh)\n"
           "_lanyard() {\n"
           "  local line\n"
           "  local -a found\n"
           "  for line in ${(f)\"$(\"${words[1]}\" complete-words \"${(@)words[2,CURRENT]}\" "
           "2>/dev/null)\"}; do\n"
           "    found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
           "  done\n"
           "  _describe lanyard found || _files\n"
           "}\n"
           "compdef _lanyard lanyard\n";
  if (shell == "fish")
    return "# Completion of lanyard for fish:  lanyard completion fish | source\n"
           "function __lanyard_words\n"
           "  set -l words (commandline -opc) (commandline -ct)\n"
           "  $words[1] complete-words $words[2..-1] 2>/dev/null\n"
           "end\n"
           "complete -c lanyard -a '(__lanyard_words)'\n";
  return std::nullopt;
}

}  // namespace lanyard::agent
