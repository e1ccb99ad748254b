//! How GGUF stores elements: plain types, and blocks of quantised ones.

use netloom_graph::DType;

/// One way to store elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind {
    /// The number that stands for it in files.
    pub code: u32,
    /// Its name, such as `Q8_0`.
    pub name: &'static str,
    /// Elements per block.
    pub block: u64,
    /// Bytes per block.
    pub bytes: u64,
    /// The element type, where elements stand one by one.
    pub dtype: Option<DType>,
}

const fn plain(code: u32, name: &'static str, bytes: u64, dtype: DType) -> Kind {
    Kind { code, name, block: 1, bytes, dtype: Some(dtype) }
}

const fn packed(code: u32, name: &'static str, block: u64, bytes: u64) -> Kind {
    Kind { code, name, block, bytes, dtype: None }
}

/// Every kind, in order of code.
///
/// # Source
/// <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, sizes as in `GGML_QUANT_SIZES` of the `gguf` package.
pub const KINDS: &[Kind] = &[
    plain(0, "F32", 4, DType::Float32),
    plain(1, "F16", 2, DType::Float16),
    packed(2, "Q4_0", 32, 18),
    packed(3, "Q4_1", 32, 20),
    packed(6, "Q5_0", 32, 22),
    packed(7, "Q5_1", 32, 24),
    packed(8, "Q8_0", 32, 34),
    packed(9, "Q8_1", 32, 40),
    packed(10, "Q2_K", 256, 84),
    packed(11, "Q3_K", 256, 110),
    packed(12, "Q4_K", 256, 144),
    packed(13, "Q5_K", 256, 176),
    packed(14, "Q6_K", 256, 210),
    packed(15, "Q8_K", 256, 292),
    packed(16, "IQ2_XXS", 256, 66),
    packed(17, "IQ2_XS", 256, 74),
    packed(18, "IQ3_XXS", 256, 98),
    packed(19, "IQ1_S", 256, 50),
    packed(20, "IQ4_NL", 32, 18),
    packed(21, "IQ3_S", 256, 110),
    packed(22, "IQ2_S", 256, 82),
    packed(23, "IQ4_XS", 256, 136),
    plain(24, "I8", 1, DType::Int8),
    plain(25, "I16", 2, DType::Int16),
    plain(26, "I32", 4, DType::Int32),
    plain(27, "I64", 8, DType::Int64),
    plain(28, "F64", 8, DType::Float64),
    packed(29, "IQ1_M", 256, 56),
    plain(30, "BF16", 2, DType::BFloat16),
    packed(34, "TQ1_0", 256, 54),
    packed(35, "TQ2_0", 256, 66),
    packed(39, "MXFP4", 32, 17),
    packed(40, "NVFP4", 64, 36),
    packed(41, "Q1_0", 128, 18),
];

/// The kind of a code.
pub fn kind(code: u32) -> Option<Kind> {
    KINDS.iter().copied().find(|k| k.code == code)
}

impl Kind {
    /// The bytes that so many elements take, in rows of that length; blocks do not cross rows.
    pub fn size(&self, elements: u64, row: u64) -> Option<u64> {
        if !row.is_multiple_of(self.block) {
            return None;
        }
        (elements / self.block).checked_mul(self.bytes)
    }
}
