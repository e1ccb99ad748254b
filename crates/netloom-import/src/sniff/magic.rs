//! Files that begin with fixed bytes.

use super::Known;

/// Offset, bytes found there, and what they mean.
const MAGIC: &[(usize, &[u8], Known)] = &[
    (0, b"\x89PNG\r\n\x1a\n", Known::other("a PNG image", "a PNG header")),
    (0, b"\xff\xd8\xff", Known::other("a JPEG image", "a JPEG header")),
    (0, b"GIF8", Known::other("a GIF image", "a GIF header")),
    (0, b"BM6", Known::other("a BMP image", "a BMP header")),
    (0, b"II*\0", Known::other("a TIFF image", "a TIFF header")),
    (0, b"MM\0*", Known::other("a TIFF image", "a TIFF header")),
    (0, b"\0\0\x01\0\x01\0", Known::other("an icon", "an icon's header")),
    (0, b"8BPS", Known::other("a Photoshop image", "a Photoshop header")),
    (0, b"%PDF-", Known::other("a PDF document", "a PDF header")),
    (0, b"%!PS", Known::other("a PostScript document", "a PostScript header")),
    (0, b"{\\rtf", Known::other("a text document (RTF)", "an RTF header")),
    (0, b"\xd0\xcf\x11\xe0", Known::other("an older Office document", "an Office header")),
    (0, b"\x7fELF", Known::other("an ELF program or library", "an ELF header")),
    (0, b"MZ\x90\x00", Known::other("a Windows program or library", "a PE header")),
    (0, b"\xcf\xfa\xed\xfe", Known::other("a macOS program or library", "a Mach-O header")),
    (0, b"\xca\xfe\xba\xbe", Known::other("a Java class or macOS program", "its header")),
    (0, b"\0asm", Known::other("a WebAssembly program", "a WebAssembly header")),
    (0, b"!<arch>\n", Known::other("a library of object files", "an ar header")),
    (0, b"SQLite format 3\0", Known::other("an SQLite database", "an SQLite header")),
    (0, b"\x93NUMPY", Known::other("a NumPy array", "a NumPy header")),
    (0, b"PAR1", Known::other("a table of data (Parquet)", "a Parquet header")),
    (0, b"ARROW1", Known::other("a table of data (Arrow)", "an Arrow header")),
    (0, b"FEA1", Known::other("a table of data (Feather)", "a Feather header")),
    (0, b"MATLAB 5.0 MAT-file", Known::other("MATLAB data", "a MATLAB header")),
    (0, b"\x1f\x8b", Known::other("a gzip archive", "a gzip header")),
    (0, b"BZh", Known::other("a bzip2 archive", "a bzip2 header").advise(UNPACK)),
    (0, b"\xfd7zXZ\0", Known::other("an xz archive", "an xz header").advise(UNPACK)),
    (0, b"\x28\xb5\x2f\xfd", Known::other("a zstd archive", "a zstd header").advise(UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", Known::other("a 7z archive", "a 7z header").advise(UNPACK)),
    (0, b"Rar!", Known::other("a RAR archive", "a RAR header").advise(UNPACK)),
    (0, b"RIFF", Known::other("a RIFF file (sound, film or WebP image)", "a RIFF header")),
    (0, b"OggS", Known::other("a sound file (Ogg)", "an Ogg header")),
    (0, b"fLaC", Known::other("a sound file (FLAC)", "a FLAC header")),
    (0, b"ID3", Known::other("a sound file (MP3)", "an MP3 header")),
    (0, b"\x1aE\xdf\xa3", Known::other("a film (Matroska or WebM)", "a Matroska header")),
    (4, b"ftyp", Known::other("an MP4 film", "an MP4 header")),
    (0, b"OTTO", Known::other("a font", "a font's header")),
    (0, b"\0\x01\0\0\0", Known::other("a font", "a font's header")),
    (0, b"wOFF", Known::other("a font", "a font's header")),
    (0, b"wOF2", Known::other("a font", "a font's header")),
    (0, b"ply\n", Known::other("a cloud of points (PLY)", "a PLY header")),
    (0, b"version https://git-lfs", LFS),
    (0, b"PK\x05\x06", Known::other("an empty ZIP archive", "a ZIP header")),
    (257, b"ustar", Known::other("a tar archive", "a tar header")),
    (0, b"PK\x03\x04", Known::other("a ZIP archive", "a ZIP header")),
    (0, b"\x89HDF\r\n\x1a\n", Known::other("an HDF5 file", "an HDF5 header")),
    (0, b"GGUF", Known::model("a GGUF model", "a GGUF header")),
    (0, b"ggml", GGML),
    (0, b"tjgg", GGML),
    (0, b"fmgg", GGML),
    (4, b"TFL3", Known::model("a TensorFlow Lite model", "a TensorFlow Lite header")),
    (4, b"ORTM", Known::model("an ONNX Runtime model (.ort)", "an ONNX Runtime header").advise(ORIGIN)),
    (4, b"ET12", Known::model("an ExecuTorch program (.pte)", "an ExecuTorch header").advise(EXPORT)),
    (4, b"PTMF", Known::model("a mobile PyTorch model", "a mobile PyTorch header").advise(EXPORT)),
    (4, b"CIR0", Known::model("a Circle model", "a Circle header").advise(ORIGIN)),
    (4, b"MSL", Known::model("a MindSpore Lite model", "a MindSpore header").advise(ORIGIN)),
    (4, b"TOSA", Known::model("a TOSA model", "a TOSA header").advise(ORIGIN)),
    (0, b"LITERTLM", Known::model("a LiteRT language model", "a LiteRT header").advise(ORIGIN)),
    (0, b"ptrt", TENSORRT),
    (0, b"ftrt", TENSORRT),
    (0, b"RKNN", Known::model("an RKNN model", "an RKNN header").advise(ORIGIN)),
    (0, b"KaNN", Known::model("a KaNN network", "a KaNN header").advise(ORIGIN)),
    (0, b"LDMK", Known::model("a Kendryte model", "a Kendryte header").advise(ORIGIN)),
    (0, b"ML\xefR", Known::model("MLIR bytecode", "an MLIR header").advise(ORIGIN)),
    (0, b"CBM1", Known::other("a CatBoost model: trees, not a network", "a CatBoost header")),
    (0, b"binf", Known::other("an XGBoost model: trees, not a network", "an XGBoost header")),
    (0, b"7767517\n", Known::model("an ncnn network (.param)", "an ncnn header").advise(ORIGIN)),
    (0, b"\x80\x02", PICKLE),
    (0, b"\x80\x03", PICKLE),
    (0, b"\x80\x04\x95", PICKLE),
    (0, b"\x80\x05\x95", PICKLE),
];

const UNPACK: &str = "unpack it first; ZIP, tar and gzip archives are looked into";
const ORIGIN: &str = "draw the model that it was made from: ONNX, PyTorch, Keras or TensorFlow Lite";
const EXPORT: &str = "draw the model that it was made from, or save it with `torch.export.save`";
const LFS: Known = Known::other("a Git LFS pointer, not the file itself", "a Git LFS pointer")
    .advise("fetch the file with `git lfs pull`");
const GGML: Known = Known::model("a model in a form that GGUF replaced", "a GGML header")
    .advise("convert it to GGUF with the scripts of llama.cpp");
const TENSORRT: Known = Known::model("a TensorRT engine", "a TensorRT header")
    .advise("it is compiled for one machine and holds no network: draw the ONNX file that it was made from");
const PICKLE: Known = Known::other("a Python pickle", "a pickle header");

/// Recognises first bytes.
pub(super) fn find(head: &[u8]) -> Option<Known> {
    let row = MAGIC.iter().find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    row.map(|(_, _, known)| *known).or_else(|| safetensors(head))
}

/// Eight bytes of header length, then JSON.
fn safetensors(head: &[u8]) -> Option<Known> {
    (head.get(8)? == &b'{' && head.get(6..8)? == [0, 0])
        .then_some(Known::model("a safetensors file", "a safetensors header"))
}
