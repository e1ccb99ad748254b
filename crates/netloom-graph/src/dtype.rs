//! Element types of tensors.

use std::fmt;

macro_rules! dtypes {
    ($($variant:ident $name:literal $bits:literal,)*) => {
        /// The type of one element of a tensor.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[allow(missing_docs, reason = "each variant is the name of the type it stands for")]
        pub enum DType { $($variant,)* }

        impl DType {
            /// Every element type, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name used in output and in the notation, as in `float32`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The width of one element in bits; `None` for strings.
            pub fn bits(self) -> Option<u32> {
                match self { $(Self::$variant => if $bits == 0 { None } else { Some($bits) },)* }
            }
        }
    };
}

dtypes! {
    Float32 "float32" 32,
    Float64 "float64" 64,
    Float16 "float16" 16,
    BFloat16 "bfloat16" 16,
    Float8E4M3FN "float8e4m3fn" 8,
    Float8E4M3FNUZ "float8e4m3fnuz" 8,
    Float8E5M2 "float8e5m2" 8,
    Float8E5M2FNUZ "float8e5m2fnuz" 8,
    Float8E8M0 "float8e8m0" 8,
    Float6E2M3 "float6e2m3" 6,
    Float6E3M2 "float6e3m2" 6,
    Float4E2M1 "float4e2m1" 4,
    Int8 "int8" 8,
    Int16 "int16" 16,
    Int32 "int32" 32,
    Int64 "int64" 64,
    Int4 "int4" 4,
    Int2 "int2" 2,
    UInt8 "uint8" 8,
    UInt16 "uint16" 16,
    UInt32 "uint32" 32,
    UInt64 "uint64" 64,
    UInt4 "uint4" 4,
    UInt2 "uint2" 2,
    Bool "bool" 8,
    Complex64 "complex64" 64,
    Complex128 "complex128" 128,
    String "string" 0,
}

/// Element types by their code in ONNX's `TensorProto.DataType`, from 1 on.
const ONNX_CODES: [DType; 28] = [
    DType::Float32,
    DType::UInt8,
    DType::Int8,
    DType::UInt16,
    DType::Int16,
    DType::Int32,
    DType::Int64,
    DType::String,
    DType::Bool,
    DType::Float16,
    DType::Float64,
    DType::UInt32,
    DType::UInt64,
    DType::Complex64,
    DType::Complex128,
    DType::BFloat16,
    DType::Float8E4M3FN,
    DType::Float8E4M3FNUZ,
    DType::Float8E5M2,
    DType::Float8E5M2FNUZ,
    DType::UInt4,
    DType::Int4,
    DType::Float4E2M1,
    DType::Float8E8M0,
    DType::UInt2,
    DType::Int2,
    DType::Float6E2M3,
    DType::Float6E3M2,
];

impl DType {
    /// The type with this code in ONNX's `TensorProto.DataType`.
    pub fn from_onnx(code: i64) -> Option<Self> {
        let index = usize::try_from(code).ok()?.checked_sub(1)?;
        ONNX_CODES.get(index).copied()
    }

    /// The code of this type in ONNX's `TensorProto.DataType`.
    pub fn to_onnx(self) -> i64 {
        let index = ONNX_CODES.iter().position(|d| *d == self).expect("the table holds every element type");
        i64::try_from(index + 1).expect("the table is small")
    }

    /// The type with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|d| d.name() == name)
    }

    /// Whether elements are real floating-point numbers of any width.
    pub fn is_float(self) -> bool {
        (Self::Float32..=Self::Float4E2M1).contains(&self)
    }

    /// Whether elements are integers of any width, signed or not.
    pub fn is_int(self) -> bool {
        (Self::Int8..=Self::UInt2).contains(&self)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onnx_codes_go_both_ways() {
        for dtype in DType::ALL {
            assert_eq!(DType::from_onnx(dtype.to_onnx()), Some(*dtype));
        }
        assert_eq!(DType::from_onnx(0), None);
        assert_eq!(DType::from_onnx(29), None);
    }
}
