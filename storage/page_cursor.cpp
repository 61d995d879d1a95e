#include "storage/page_cursor.hpp"

#include <bit>
#include <cmath>

#include "replication/types/base64url.hpp"
#include "storage/varint.hpp"

namespace lanyard::storage {
namespace {

/// Longer texts are cut in a cursor. Twice as much and a key make some 1,000 characters.
constexpr std::size_t kOrderBytesMax = 256;
constexpr std::size_t kQueryHashBytes = 8;

/// How the value that orders is written; the numbers are in cursors that clients hold.
enum class OrderKind : std::uint8_t { kNone, kInteger, kReal, kText, kCutText };

OrderKind order_kind(const PageCursor& cursor) {
  if (cursor.cut) return OrderKind::kCutText;
  if (std::holds_alternative<std::int64_t>(cursor.order)) return OrderKind::kInteger;
  if (std::holds_alternative<double>(cursor.order)) return OrderKind::kReal;
  if (std::holds_alternative<std::string>(cursor.order)) return OrderKind::kText;
  return OrderKind::kNone;
}

void write_text(Bytes& out, std::string_view text) {
  write_varint(out, text.size());
  append(out, as_bytes(text));
}

std::string read_bytes(BlobReader& in, std::size_t size) {
  std::string out;
  while (out.size() < size && !in.failed()) out += static_cast<char>(in.byte());
  return out;
}

/// Of everything that decides which records come in which order.
Hash hash_of_query(const RecordQuery& query, const Hasher& hasher) {
  Bytes all;
  write_text(all, query.collection);
  write_text(all, query.order_field);
  all.push_back(query.descending ? 1 : 0);
  for (const Condition& each : query.where.conditions()) {
    write_text(all, each.field);
    all.push_back(static_cast<std::uint8_t>(each.comparison));
    write_varint(all, each.values.size());
    for (const Bytes& value : each.values) write_text(all, as_text(value));
  }
  return hasher.hash({as_bytes("lanyard-page-cursor-v1"), all});
}

tl::unexpected<Error> no_cursor() {
  return fail(Code::kUsage, "the cursor is not one of a page",
              "Take it from the answer of the page before, as it is.");
}

/// The value that orders, of its kind.
void read_order(BlobReader& in, PageCursor& cursor) {
  switch (static_cast<OrderKind>(in.byte())) {
    case OrderKind::kNone: return;
    case OrderKind::kInteger: cursor.order = static_cast<std::int64_t>(in.stamp().value); return;
    case OrderKind::kReal: cursor.order = std::bit_cast<double>(in.stamp().value); return;
    case OrderKind::kText: cursor.order = read_bytes(in, in.count()); return;
    case OrderKind::kCutText: {
      cursor.order = read_bytes(in, in.count());
      const std::uint64_t size = in.varint();
      const auto hash = Hash::from(as_bytes(read_bytes(in, Hash::kSize)));
      cursor.cut = PageCursor::Cut{size, hash.value_or(Hash{})};
      return;
    }
  }
  static_cast<void>(read_bytes(in, std::string::npos));  // no kind of ours: the reader fails
}

}  // namespace

PageCursor cursor_at(SqlValue order, std::string key, const Hasher& hasher) {
  PageCursor out{std::move(order), std::move(key), {}};
  auto* const text = std::get_if<std::string>(&out.order);
  if (text == nullptr || text->size() <= kOrderBytesMax) return out;
  out.cut = PageCursor::Cut{text->size(), hasher.hash({as_bytes(*text)})};
  text->resize(kOrderBytesMax);
  return out;
}

std::string to_text(const PageCursor& cursor, const RecordQuery& query, const Hasher& hasher) {
  Bytes out;
  append(out, hash_of_query(query, hasher).view().first(kQueryHashBytes));
  out.push_back(static_cast<std::uint8_t>(order_kind(cursor)));
  if (const auto* integer = std::get_if<std::int64_t>(&cursor.order))
    write_stamp(out, {static_cast<std::uint64_t>(*integer)});
  if (const auto* real = std::get_if<double>(&cursor.order))
    write_stamp(out, {std::bit_cast<std::uint64_t>(*real)});
  if (const auto* text = std::get_if<std::string>(&cursor.order)) write_text(out, *text);
  if (cursor.cut) {
    write_varint(out, cursor.cut->size);
    append(out, cursor.cut->hash.view());
  }
  append(out, as_bytes(cursor.key));
  return to_base64url(out);
}

Result<PageCursor> cursor_from_text(std::string_view text, const RecordQuery& query,
                                    const Hasher& hasher) {
  const auto bytes = from_base64url(text);
  if (!bytes) return no_cursor();
  BlobReader in(*bytes);
  const std::string of_query = read_bytes(in, kQueryHashBytes);
  PageCursor cursor;
  read_order(in, cursor);
  while (!in.at_end() && !in.failed()) cursor.key += static_cast<char>(in.byte());
  const auto* const real = std::get_if<double>(&cursor.order);
  const bool is_cut_away = cursor.cut && std::get<std::string>(cursor.order).empty();
  if (in.failed() || is_cut_away || (real != nullptr && !std::isfinite(*real))) return no_cursor();
  const Hash hash = hash_of_query(query, hasher);
  if (!equal(as_bytes(of_query), hash.view().first(kQueryHashBytes)))
    return fail(Code::kUsage, "the cursor is of another query",
                "Ask with the where and the order of the page that gave it, or from the start.");
  return cursor;
}

}  // namespace lanyard::storage
