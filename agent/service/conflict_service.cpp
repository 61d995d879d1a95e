#include "agent/service/conflict_service.hpp"

#include <map>

#include "agent/service/names.hpp"
#include "replication/types/canonical.hpp"
#include "replication/types/json_text.hpp"

namespace lanyard::agent {
namespace {

constexpr std::size_t kSearchedMax = 100'000;

struct Names {
  std::vector<storage::SpaceEntry> spaces;
  DeviceNames devices;
};

Result<Names> names_of(storage::Vault& vault, const std::string& space, const DeviceId& self,
                       const std::string& self_name) {
  Names out;
  LANYARD_TRY_SET(const auto spaces, vault.spaces());
  if (space.empty()) {
    for (const auto& one : spaces)
      if (!one.left) out.spaces.push_back(one);
  } else {
    LANYARD_TRY_SET(const storage::SpaceEntry found, resolve_space(spaces, space));
    out.spaces.push_back(found);
  }
  LANYARD_TRY_SET(out.devices, DeviceNames::read(vault, self, self_name));
  return out;
}

}  // namespace

Result<Bytes> merged_value(const std::vector<storage::ReadSibling>& siblings) {
  std::map<std::string, Bytes> members;
  for (const storage::ReadSibling& sibling : siblings) {
    LANYARD_TRY_SET(const Bytes value, from_json(sibling.json));
    CanonicalReader in(value);
    if (in.peek() != CanonicalReader::Kind::kMap)
      return fail(Code::kUsage, "the values are not all objects, which alone can be merged",
                  "Use one of them, or give a value.");
    for (std::size_t left = in.map(); left > 0; --left) {
      std::string name(in.text());
      members.emplace(std::move(name), to_bytes(in.value()));
    }
  }
  Bytes out;
  CanonicalWriter writer(out);
  writer.map(members.size());
  for (const auto& [name, value] : members) {
    writer.text(name);
    writer.raw(value);
  }
  return out;
}

void ConflictService::list(const std::string& space, std::size_t limit,
                           Done<std::vector<Listed>> done) {
  ask_storage<Names>(
      host_,
      [space, self = host_.self, self_name = host_.self_name](storage::Vault& vault) {
        return names_of(vault, space, self, self_name);
      },
      [this, limit, done = std::move(done)](const Result<Names>& names) {
        if (!names) return done(fail(names.error()));
        std::vector<Listed> out;
        for (const storage::SpaceEntry& one : names->spaces) {
          auto conflicts = reads_.conflicts(one.id, std::nullopt, limit - out.size());
          if (!conflicts) return done(fail(conflicts.error()));
          for (storage::ReadConflict& conflict : *conflicts) {
            Listed& listed = out.emplace_back(Listed{one, std::move(conflict), {}});
            for (const storage::ReadSibling& sibling : listed.conflict.siblings)
              listed.devices.push_back(names->devices.of(sibling.device));
          }
          if (out.size() >= limit) break;
        }
        done(std::move(out));
      });
}

void ConflictService::find(const std::string& id, const Done<Listed>& done) {
  list("", kSearchedMax, [id, done](Result<std::vector<Listed>> all) {
    if (!all) return done(fail(all.error()));
    const Listed* found = nullptr;
    for (const Listed& one : *all) {
      if (!one.conflict.id.starts_with(id) || id.size() < 4) continue;
      if (found != nullptr && one.conflict.id != id)
        return done(fail(Code::kUsage, "\"" + id + "\" could be several conflicts",
                         "Give more of the id; see  lanyard conflicts list"));
      found = &one;
      if (one.conflict.id == id) break;
    }
    if (found == nullptr)
      return done(fail(Code::kNotFound, "there is no conflict \"" + id + "\" (any more)",
                       "See  lanyard conflicts list"));
    done(*found);
  });
}

void ConflictService::resolve(const std::string& id, const Choice& choice,
                              const Done<std::string>& done) {
  find(id, [this, choice, done](const Result<Listed>& found) {
    if (!found) return done(fail(found.error()));
    const storage::ReadConflict& conflict = found->conflict;
    Result<Bytes> value = choice.value;
    if (choice.merge) value = merged_value(conflict.siblings);
    if (choice.use > conflict.siblings.size())
      return done(
          fail(Code::kUsage,
               "the conflict has only " + std::to_string(conflict.siblings.size()) + " values",
               "See  lanyard conflicts show " + conflict.id));
    if (choice.use > 0) value = from_json(conflict.siblings[choice.use - 1].json);
    if (!value) return done(fail(value.error()));
    storage::LocalOp op;
    op.kind = oplog::OpKind::kPatch;
    op.collection = conflict.collection;
    op.key = conflict.key;
    op.fields.emplace_back(conflict.field, *value);
    op.based_on = conflict.version;
    data_.write(to_text(found->space.id), {{std::move(op)}, false},
                [done, json = to_json(*value)](const Result<storage::Written>& written) {
                  written ? done(json) : done(fail(written.error()));
                });
  });
}

}  // namespace lanyard::agent
