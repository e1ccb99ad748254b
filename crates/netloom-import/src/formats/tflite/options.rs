//! Where the settings of TensorFlow Lite's builtin operators stand in their tables.
//!
//! # Source
//! `BuiltinOptions`, `BuiltinOptions2` and the tables they name in
//! <https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs>

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A byte, mostly an enumeration.
    I8,
    /// A flag.
    Bool,
    /// Four bytes with a sign.
    I32,
    /// Four bytes without a sign.
    U32,
    /// Eight bytes.
    I64,
    /// A number.
    F32,
    /// A list of integers of four bytes.
    Ints,
    /// A list of integers of eight bytes.
    Longs,
    /// A list of numbers.
    Floats,
}

/// One setting: its name, its place in the table's index in bytes, what it holds, and its value where it is left out.
pub(super) type Field = (&'static str, u16, Kind, f64);

use Kind::{Bool, F32, Floats, I8, I32, I64, Ints, Longs, U32};

/// The settings that one kind of table has, by the code of the kind; empty for kinds without settings.
pub(super) fn fields(code: u8) -> &'static [Field] {
    FIELDS.get(usize::from(code)).copied().unwrap_or(&[])
}

/// The same for the second union of tables.
pub(super) fn fields2(code: u8) -> &'static [Field] {
    FIELDS2.get(usize::from(code)).copied().unwrap_or(&[])
}

/// By the code of `BuiltinOptions`.
const FIELDS: &[&[Field]] = &[
    // NONE
    &[],
    // Conv2DOptions
    &[
        ("padding", 4, I8, 0.0),
        ("stride_w", 6, I32, 0.0),
        ("stride_h", 8, I32, 0.0),
        ("fused_activation_function", 10, I8, 0.0),
        ("dilation_wfactor", 12, I32, 1.0),
        ("dilation_hfactor", 14, I32, 1.0),
        ("quantized_bias_type", 16, I8, 0.0),
    ],
    // DepthwiseConv2DOptions
    &[
        ("padding", 4, I8, 0.0),
        ("stride_w", 6, I32, 0.0),
        ("stride_h", 8, I32, 0.0),
        ("depth_multiplier", 10, I32, 0.0),
        ("fused_activation_function", 12, I8, 0.0),
        ("dilation_wfactor", 14, I32, 1.0),
        ("dilation_hfactor", 16, I32, 1.0),
    ],
    // ConcatEmbeddingsOptions
    &[
        ("num_channels", 4, I32, 0.0),
        ("num_columns_per_channel", 6, Ints, 0.0),
        ("embedding_dim_per_channel", 8, Ints, 0.0),
    ],
    // LSHProjectionOptions
    &[("type", 4, I8, 0.0)],
    // Pool2DOptions
    &[
        ("padding", 4, I8, 0.0),
        ("stride_w", 6, I32, 0.0),
        ("stride_h", 8, I32, 0.0),
        ("filter_width", 10, I32, 0.0),
        ("filter_height", 12, I32, 0.0),
        ("fused_activation_function", 14, I8, 0.0),
    ],
    // SVDFOptions
    &[
        ("rank", 4, I32, 0.0),
        ("fused_activation_function", 6, I8, 0.0),
        ("asymmetric_quantize_inputs", 8, Bool, 0.0),
    ],
    // RNNOptions
    &[("fused_activation_function", 4, I8, 0.0), ("asymmetric_quantize_inputs", 6, Bool, 0.0)],
    // FullyConnectedOptions
    &[
        ("fused_activation_function", 4, I8, 0.0),
        ("weights_format", 6, I8, 0.0),
        ("keep_num_dims", 8, Bool, 0.0),
        ("asymmetric_quantize_inputs", 10, Bool, 0.0),
        ("quantized_bias_type", 12, I8, 0.0),
    ],
    // SoftmaxOptions
    &[("beta", 4, F32, 0.0)],
    // ConcatenationOptions
    &[("axis", 4, I32, 0.0), ("fused_activation_function", 6, I8, 0.0)],
    // AddOptions
    &[("fused_activation_function", 4, I8, 0.0), ("pot_scale_int16", 6, Bool, 1.0)],
    // L2NormOptions
    &[("fused_activation_function", 4, I8, 0.0)],
    // LocalResponseNormalizationOptions
    &[("radius", 4, I32, 0.0), ("bias", 6, F32, 0.0), ("alpha", 8, F32, 0.0), ("beta", 10, F32, 0.0)],
    // LSTMOptions
    &[
        ("fused_activation_function", 4, I8, 0.0),
        ("cell_clip", 6, F32, 0.0),
        ("proj_clip", 8, F32, 0.0),
        ("kernel_type", 10, I8, 0.0),
        ("asymmetric_quantize_inputs", 12, Bool, 0.0),
    ],
    // ResizeBilinearOptions
    &[("align_corners", 8, Bool, 0.0), ("half_pixel_centers", 10, Bool, 0.0)],
    // CallOptions
    &[("subgraph", 4, U32, 0.0)],
    // ReshapeOptions
    &[("new_shape", 4, Ints, 0.0)],
    // SkipGramOptions
    &[("ngram_size", 4, I32, 0.0), ("max_skip_size", 6, I32, 0.0), ("include_all_ngrams", 8, Bool, 0.0)],
    // SpaceToDepthOptions
    &[("block_size", 4, I32, 0.0)],
    // EmbeddingLookupSparseOptions
    &[("combiner", 4, I8, 0.0)],
    // MulOptions
    &[("fused_activation_function", 4, I8, 0.0)],
    // PadOptions
    &[],
    // GatherOptions
    &[("axis", 4, I32, 0.0), ("batch_dims", 6, I32, 0.0)],
    // BatchToSpaceNDOptions
    &[],
    // SpaceToBatchNDOptions
    &[],
    // TransposeOptions
    &[],
    // ReducerOptions
    &[("keep_dims", 4, Bool, 0.0)],
    // SubOptions
    &[("fused_activation_function", 4, I8, 0.0), ("pot_scale_int16", 6, Bool, 1.0)],
    // DivOptions
    &[("fused_activation_function", 4, I8, 0.0)],
    // SqueezeOptions
    &[("squeeze_dims", 4, Ints, 0.0)],
    // SequenceRNNOptions
    &[
        ("time_major", 4, Bool, 0.0),
        ("fused_activation_function", 6, I8, 0.0),
        ("asymmetric_quantize_inputs", 8, Bool, 0.0),
    ],
    // StridedSliceOptions
    &[
        ("begin_mask", 4, I32, 0.0),
        ("end_mask", 6, I32, 0.0),
        ("ellipsis_mask", 8, I32, 0.0),
        ("new_axis_mask", 10, I32, 0.0),
        ("shrink_axis_mask", 12, I32, 0.0),
        ("offset", 14, Bool, 0.0),
    ],
    // ExpOptions
    &[],
    // TopKV2Options
    &[],
    // SplitOptions
    &[("num_splits", 4, I32, 0.0)],
    // LogSoftmaxOptions
    &[],
    // CastOptions
    &[("in_data_type", 4, I8, 0.0), ("out_data_type", 6, I8, 0.0)],
    // DequantizeOptions
    &[],
    // MaximumMinimumOptions
    &[],
    // ArgMaxOptions
    &[("output_type", 4, I8, 0.0)],
    // LessOptions
    &[],
    // NegOptions
    &[],
    // PadV2Options
    &[],
    // GreaterOptions
    &[],
    // GreaterEqualOptions
    &[],
    // LessEqualOptions
    &[],
    // SelectOptions
    &[],
    // SliceOptions
    &[],
    // TransposeConvOptions
    &[
        ("padding", 4, I8, 0.0),
        ("stride_w", 6, I32, 0.0),
        ("stride_h", 8, I32, 0.0),
        ("fused_activation_function", 10, I8, 0.0),
        ("quantized_bias_type", 12, I8, 0.0),
    ],
    // SparseToDenseOptions
    &[("validate_indices", 4, Bool, 0.0)],
    // TileOptions
    &[],
    // ExpandDimsOptions
    &[],
    // EqualOptions
    &[],
    // NotEqualOptions
    &[],
    // ShapeOptions
    &[("out_type", 4, I8, 0.0)],
    // PowOptions
    &[],
    // ArgMinOptions
    &[("output_type", 4, I8, 0.0)],
    // FakeQuantOptions
    &[("min", 4, F32, 0.0), ("max", 6, F32, 0.0), ("num_bits", 8, I32, 0.0), ("narrow_range", 10, Bool, 0.0)],
    // PackOptions
    &[("values_count", 4, I32, 0.0), ("axis", 6, I32, 0.0)],
    // LogicalOrOptions
    &[],
    // OneHotOptions
    &[("axis", 4, I32, 0.0)],
    // LogicalAndOptions
    &[],
    // LogicalNotOptions
    &[],
    // UnpackOptions
    &[("num", 4, I32, 0.0), ("axis", 6, I32, 0.0)],
    // FloorDivOptions
    &[],
    // SquareOptions
    &[],
    // ZerosLikeOptions
    &[],
    // FillOptions
    &[],
    // BidirectionalSequenceLSTMOptions
    &[
        ("fused_activation_function", 4, I8, 0.0),
        ("cell_clip", 6, F32, 0.0),
        ("proj_clip", 8, F32, 0.0),
        ("merge_outputs", 10, Bool, 0.0),
        ("time_major", 12, Bool, 1.0),
        ("asymmetric_quantize_inputs", 14, Bool, 0.0),
    ],
    // BidirectionalSequenceRNNOptions
    &[
        ("time_major", 4, Bool, 0.0),
        ("fused_activation_function", 6, I8, 0.0),
        ("merge_outputs", 8, Bool, 0.0),
        ("asymmetric_quantize_inputs", 10, Bool, 0.0),
    ],
    // UnidirectionalSequenceLSTMOptions
    &[
        ("fused_activation_function", 4, I8, 0.0),
        ("cell_clip", 6, F32, 0.0),
        ("proj_clip", 8, F32, 0.0),
        ("time_major", 10, Bool, 0.0),
        ("asymmetric_quantize_inputs", 12, Bool, 0.0),
        ("diagonal_recurrent_tensors", 14, Bool, 0.0),
    ],
    // FloorModOptions
    &[],
    // RangeOptions
    &[],
    // ResizeNearestNeighborOptions
    &[("align_corners", 4, Bool, 0.0), ("half_pixel_centers", 6, Bool, 0.0)],
    // LeakyReluOptions
    &[("alpha", 4, F32, 0.0)],
    // SquaredDifferenceOptions
    &[],
    // MirrorPadOptions
    &[("mode", 4, I8, 0.0)],
    // AbsOptions
    &[],
    // SplitVOptions
    &[("num_splits", 4, I32, 0.0)],
    // UniqueOptions
    &[("idx_out_type", 4, I8, 2.0)],
    // ReverseV2Options
    &[],
    // AddNOptions
    &[],
    // GatherNdOptions
    &[],
    // CosOptions
    &[],
    // WhereOptions
    &[],
    // RankOptions
    &[],
    // ReverseSequenceOptions
    &[("seq_dim", 4, I32, 0.0), ("batch_dim", 6, I32, 0.0)],
    // MatrixDiagOptions
    &[],
    // QuantizeOptions
    &[],
    // MatrixSetDiagOptions
    &[],
    // HardSwishOptions
    &[],
    // IfOptions
    &[("then_subgraph_index", 4, I32, 0.0), ("else_subgraph_index", 6, I32, 0.0)],
    // WhileOptions
    &[("cond_subgraph_index", 4, I32, 0.0), ("body_subgraph_index", 6, I32, 0.0)],
    // DepthToSpaceOptions
    &[("block_size", 4, I32, 0.0)],
    // NonMaxSuppressionV4Options
    &[],
    // NonMaxSuppressionV5Options
    &[],
    // ScatterNdOptions
    &[],
    // SelectV2Options
    &[],
    // DensifyOptions
    &[],
    // SegmentSumOptions
    &[],
    // BatchMatMulOptions
    &[("adj_x", 4, Bool, 0.0), ("adj_y", 6, Bool, 0.0), ("asymmetric_quantize_inputs", 8, Bool, 0.0)],
    // CumsumOptions
    &[("exclusive", 4, Bool, 0.0), ("reverse", 6, Bool, 0.0)],
    // CallOnceOptions
    &[("init_subgraph_index", 4, I32, 0.0)],
    // BroadcastToOptions
    &[],
    // Rfft2dOptions
    &[],
    // Conv3DOptions
    &[
        ("padding", 4, I8, 0.0),
        ("stride_d", 6, I32, 0.0),
        ("stride_w", 8, I32, 0.0),
        ("stride_h", 10, I32, 0.0),
        ("fused_activation_function", 12, I8, 0.0),
        ("dilation_dfactor", 14, I32, 1.0),
        ("dilation_wfactor", 16, I32, 1.0),
        ("dilation_hfactor", 18, I32, 1.0),
    ],
    // HashtableOptions
    &[("table_id", 4, I32, 0.0), ("key_dtype", 6, I8, 0.0), ("value_dtype", 8, I8, 0.0)],
    // HashtableFindOptions
    &[],
    // HashtableImportOptions
    &[],
    // HashtableSizeOptions
    &[],
    // VarHandleOptions
    &[],
    // ReadVariableOptions
    &[],
    // AssignVariableOptions
    &[],
    // RandomOptions
    &[("seed", 4, I64, 0.0), ("seed2", 6, I64, 0.0)],
    // BucketizeOptions
    &[("boundaries", 4, Floats, 0.0)],
    // GeluOptions
    &[("approximate", 4, Bool, 0.0)],
    // DynamicUpdateSliceOptions
    &[],
    // UnsortedSegmentProdOptions
    &[],
    // UnsortedSegmentMaxOptions
    &[],
    // UnsortedSegmentMinOptions
    &[],
    // UnsortedSegmentSumOptions
    &[],
    // ATan2Options
    &[],
    // SignOptions
    &[],
    // BitcastOptions
    &[],
    // BitwiseXorOptions
    &[],
    // RightShiftOptions
    &[],
];

/// By the code of `BuiltinOptions2`.
const FIELDS2: &[&[Field]] = &[
    // NONE
    &[],
    // StablehloConcatenateOptions
    &[("dimension", 4, I64, 0.0)],
    // StablehloBroadcastInDimOptions
    &[("broadcast_dimensions", 4, Longs, 0.0)],
    // StablehloSliceOptions
    &[("start_indices", 4, Longs, 0.0), ("limit_indices", 6, Longs, 0.0), ("strides", 8, Longs, 0.0)],
    // StablehloConvolutionOptions
    &[
        ("window_strides", 4, Longs, 0.0),
        ("padding", 6, Longs, 0.0),
        ("lhs_dilation", 8, Longs, 0.0),
        ("rhs_dilation", 10, Longs, 0.0),
        ("input_batch_dimension", 14, I64, 0.0),
        ("input_feature_dimension", 16, I64, 0.0),
        ("input_spatial_dimensions", 18, Longs, 0.0),
        ("kernel_input_feature_dimension", 20, I64, 0.0),
        ("kernel_output_feature_dimension", 22, I64, 0.0),
        ("kernel_spatial_dimensions", 24, Longs, 0.0),
        ("output_batch_dimension", 26, I64, 0.0),
        ("output_feature_dimension", 28, I64, 0.0),
        ("output_spatial_dimensions", 30, Longs, 0.0),
        ("feature_group_count", 32, I64, 0.0),
        ("batch_group_count", 34, I64, 0.0),
    ],
    // StablehloCustomCallOptions
    &[
        ("has_side_effect", 6, Bool, 0.0),
        ("api_version", 10, I32, 0.0),
        ("called_computations", 12, Ints, 0.0),
    ],
    // StablehloReduceOptions
    &[("dimensions", 4, Longs, 0.0), ("body_subgraph_index", 6, I32, 0.0)],
    // StablehloScatterOptions
    &[
        ("indices_are_sorted", 4, Bool, 0.0),
        ("update_window_dims", 6, Longs, 0.0),
        ("inserted_window_dims", 8, Longs, 0.0),
        ("scatter_dims_to_operand_dims", 10, Longs, 0.0),
        ("index_vector_dim", 12, I64, 0.0),
        ("unique_indices", 14, Bool, 0.0),
        ("update_computation_subgraph_index", 16, I32, 0.0),
    ],
    // StablehloCompareOptions
    &[("comparison_direction", 4, U32, 0.0), ("compare_type", 6, U32, 0.0)],
    // StablehloDynamicSliceOptions
    &[("slice_sizes", 4, Longs, 0.0)],
    // StablehloPadOptions
    &[
        ("edge_padding_low", 4, Longs, 0.0),
        ("edge_padding_high", 6, Longs, 0.0),
        ("interior_padding", 8, Longs, 0.0),
    ],
    // StablehloIotaOptions
    &[("iota_dimension", 4, I64, 0.0)],
    // StablehloDotGeneralOptions
    &[
        ("lhs_batching_dimensions", 4, Longs, 0.0),
        ("rhs_batching_dimensions", 6, Longs, 0.0),
        ("lhs_contracting_dimensions", 8, Longs, 0.0),
        ("rhs_contracting_dimensions", 10, Longs, 0.0),
    ],
    // StablehloReduceWindowOptions
    &[
        ("window_dimensions", 4, Longs, 0.0),
        ("window_strides", 6, Longs, 0.0),
        ("base_dilations", 8, Longs, 0.0),
        ("window_dilations", 10, Longs, 0.0),
        ("padding", 12, Longs, 0.0),
        ("body_subgraph_index", 14, I32, 0.0),
    ],
    // StablehloSortOptions
    &[("dimension", 4, I64, 0.0), ("is_stable", 6, Bool, 0.0), ("comparator_subgraph_index", 8, I32, 0.0)],
    // StablehloWhileOptions
    &[("cond_subgraph_index", 4, I32, 0.0), ("body_subgraph_index", 6, I32, 0.0)],
    // StablehloGatherOptions
    &[
        ("offset_dims", 4, Longs, 0.0),
        ("collapsed_slice_dims", 6, Longs, 0.0),
        ("start_index_map", 8, Longs, 0.0),
        ("index_vector_dim", 10, I64, 0.0),
        ("slice_sizes", 12, Longs, 0.0),
        ("indices_are_sorted", 14, Bool, 0.0),
    ],
    // StablehloTransposeOptions
    &[("permutation", 4, Longs, 0.0)],
    // DilateOptions
    &[],
    // StablehloRngBitGeneratorOptions
    &[("algorithm", 4, I8, 0.0)],
    // ReduceWindowOptions
    &[("reduce_function", 4, I32, 0.0)],
    // StableHLOCompositeOptions
    &[
        ("decomposition_subgraph_index", 6, I32, 0.0),
        ("composite_attributes_format", 10, I8, 0.0),
        ("version", 12, I32, 0.0),
    ],
    // StablehloShiftLeftOptions
    &[],
    // StablehloCaseOptions
    &[("branch_subgraph_indices", 4, Ints, 0.0)],
];
