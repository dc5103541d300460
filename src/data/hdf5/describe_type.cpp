#include "describe_type.h"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace clientele::h5 {
namespace {

constexpr int kMostMembers = 65536;  ///< of an enum or a compound
constexpr size_t kLargestElement = size_t{1} << 20;
constexpr int kDeepestNesting = 4;

std::string member_name(hid_t type, unsigned index) {
  char* raw = H5Tget_member_name(type, index);
  std::string name = raw == nullptr ? "" : raw;
  H5free_memory(raw);
  return name;
}

std::string number_text(const ElementType& type) {
  const char* form = type.form == NumberForm::floating         ? "float"
                     : type.form == NumberForm::signed_integer ? "int"
                                                               : "uint";
  return form + std::to_string(8 * type.bytes) + (type.big_endian && type.bytes > 1 ? " big-endian" : "");
}

/// Bits of sign, exponent and mantissa as IEEE 754 has them.
bool is_ieee(hid_t type, size_t bytes) {
  size_t sign = 0, exponent_at = 0, exponent_bits = 0, mantissa_at = 0, mantissa_bits = 0;
  if (H5Tget_fields(type, &sign, &exponent_at, &exponent_bits, &mantissa_at, &mantissa_bits) < 0) return false;
  const size_t expected = bytes == 2 ? 5 : bytes == 4 ? 8 : bytes == 8 ? 11 : 0;
  if (expected == 0) return false;
  return sign == 8 * bytes - 1 && exponent_bits == expected && mantissa_bits == 8 * bytes - 1 - expected &&
         mantissa_at == 0 && exponent_at == mantissa_bits && H5Tget_norm(type) == H5T_NORM_IMPLIED &&
         H5Tget_ebias(type) == (size_t{1} << (expected - 1)) - 1;
}

void describe_number(hid_t type, H5T_class_t cls, ElementType& out) {
  const size_t bytes = static_cast<size_t>(out.bytes);
  const H5T_order_t order = H5Tget_order(type);
  out.kind = ElementKind::number;
  out.big_endian = order == H5T_ORDER_BE;
  const bool whole = H5Tget_precision(type) == 8 * bytes && H5Tget_offset(type) == 0;
  const bool sized = bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
  if (cls == H5T_FLOAT) {
    out.form = NumberForm::floating;
    out.plain = whole && is_ieee(type, bytes);
  } else {
    const bool negative = cls == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
    out.form = negative ? NumberForm::signed_integer : NumberForm::unsigned_integer;
    out.plain = whole && sized;
  }
  if (order != H5T_ORDER_LE && order != H5T_ORDER_BE && bytes > 1) out.plain = false;
  out.text = number_text(out) + (out.plain ? "" : " (unusual)");
}

bool is_word(const std::string& name, const char* word) {
  return name.size() == std::strlen(word) &&
         std::equal(name.begin(), name.end(), word, [](char a, char b) { return std::tolower(a) == std::tolower(b); });
}

void describe_enum(hid_t type, ElementType& out) {
  const Handle base(H5Tget_super(type), H5Tclose);
  const int count = H5Tget_nmembers(type);
  if (!base.valid() || count < 0 || count > kMostMembers) return;
  if (out.bytes > 8 || H5Tget_class(base) != H5T_INTEGER) return;
  describe_number(base, H5T_INTEGER, out);
  if (!out.plain) {
    out.kind = ElementKind::other;
    return;
  }
  const Handle native(H5Tcopy(H5T_NATIVE_LLONG), H5Tclose);
  bool boolean = count == 2;
  for (unsigned i = 0; i < static_cast<unsigned>(count); ++i) {
    alignas(8) unsigned char bytes[8] = {};
    if (H5Tget_member_value(type, i, bytes) < 0 || H5Tconvert(base, native, 1, bytes, nullptr, H5P_DEFAULT) < 0) {
      out.kind = ElementKind::other;
      return;
    }
    int64_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    std::string name = member_name(type, i);
    boolean = boolean && ((value == 0 && is_word(name, "FALSE")) || (value == 1 && is_word(name, "TRUE")));
    out.members.emplace_back(value, std::move(name));
  }
  out.kind = boolean ? ElementKind::flag : ElementKind::category;
  out.text = boolean ? "bool" : "enum of " + std::to_string(count) + " names";
}

ElementType describe(hid_t type, int depth);

void describe_compound(hid_t type, int depth, ElementType& out) {
  const int count = H5Tget_nmembers(type);
  if (count < 0 || count > kMostMembers || depth >= kDeepestNesting) return;
  out.kind = ElementKind::compound;
  out.text = "compound of " + std::to_string(count) + " fields";
  for (unsigned i = 0; i < static_cast<unsigned>(count); ++i) {
    Field field;
    field.name = member_name(type, i);
    field.offset = static_cast<int64_t>(H5Tget_member_offset(type, i));
    const Handle member(H5Tget_member_type(type, i), H5Tclose);
    if (member.valid()) field.type = describe(member, depth + 1);
    if (field.offset < 0 || field.type.bytes < 0 || field.offset + field.type.bytes > out.bytes) {
      field.type.kind = ElementKind::other;
    }
    out.fields.push_back(std::move(field));
  }
}

void describe_text(hid_t type, ElementType& out) {
  const htri_t variable = H5Tis_variable_str(type);
  if (variable < 0) return;
  out.kind = variable > 0 ? ElementKind::variable_text : ElementKind::fixed_text;
  out.space_padded = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
  out.text = variable > 0 ? "text of variable length" : "text of " + std::to_string(out.bytes) + " bytes";
}

ElementType describe(hid_t type, int depth) {
  ElementType out;
  const size_t bytes = H5Tget_size(type);
  out.bytes = static_cast<int64_t>(bytes);
  out.text = "unsupported type";
  if (bytes == 0 || bytes > kLargestElement) return out;
  const H5T_class_t cls = H5Tget_class(type);
  switch (cls) {
    case H5T_INTEGER:
    case H5T_FLOAT:
      describe_number(type, cls, out);
      break;
    case H5T_BITFIELD:
      describe_number(type, cls, out);
      if (!out.plain) out.kind = ElementKind::other;  // not even the library converts it
      if (out.plain && bytes == 1) {
        out.kind = ElementKind::flag;
        out.text = "bool (bit field)";
      }
      break;
    case H5T_ENUM:
      describe_enum(type, out);
      break;
    case H5T_STRING:
      describe_text(type, out);
      break;
    case H5T_COMPOUND:
      describe_compound(type, depth, out);
      break;
    case H5T_ARRAY:
      out.text = "array";
      break;
    case H5T_REFERENCE:
      out.text = "reference";
      break;
    case H5T_OPAQUE:
      out.text = "opaque bytes";
      break;
    case H5T_VLEN:
      out.text = "sequence of variable length";
      break;
    default:
      break;
  }
  return out;
}

}  // namespace

bool has_variable_text(const ElementType& type) {
  if (type.kind == ElementKind::variable_text || type.text == "sequence of variable length") return true;
  return std::any_of(type.fields.begin(), type.fields.end(),
                     [](const Field& field) { return has_variable_text(field.type); });
}

ElementType describe_type(hid_t type) {
  return describe(type, 0);
}

}  // namespace clientele::h5
