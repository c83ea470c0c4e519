//! Reading the body of a request: unpacked while it comes in, and no further than is allowed.

use std::io;

use async_compression::{
    tokio::bufread::{GzipDecoder, ZstdDecoder},
    zstd::DParameter,
};
use axum::body::Body;
use futures_util::TryStreamExt;
use http::{HeaderMap, StatusCode, header};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use super::super::problem::Problem;

/// The window that a zstd stream may ask for, as a power of two: 8 MiB, what RFC 8878 tells every decoder to have.
const ZSTD_WINDOW: u32 = 23;

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Zstd,
}

impl Coding {
    /// # Errors
    /// When the header names a coding that is not understood.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let unknown = || {
            Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Content-Encoding can be gzip, zstd or identity. Nothing was stored.",
            )
        };
        let mut given = headers.get_all(header::CONTENT_ENCODING).iter();
        let coding = match (given.next(), given.next()) {
            (None, _) => return Ok(Self::Identity),
            (Some(one), None) => one.to_str().map_err(|_| unknown())?,
            (Some(_), Some(_)) => return Err(unknown()),
        };
        match coding.trim().to_ascii_lowercase().as_str() {
            "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(unknown()),
        }
    }
}

/// The body, unpacked; at most `limit` bytes of it.
///
/// # Errors
/// When it is larger, or is not packed as it says.
pub(super) async fn read(body: Body, coding: Coding, limit: usize) -> Result<Vec<u8>, Problem> {
    let packed = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    match coding {
        Coding::Identity => read_to(packed, limit).await,
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(packed);
            decoder.multiple_members(true);
            read_to(decoder, limit).await
        }
        Coding::Zstd => {
            let parameters = [DParameter::window_log_max(ZSTD_WINDOW)];
            let mut decoder = ZstdDecoder::with_params(packed, &parameters);
            decoder.multiple_members(true);
            read_to(decoder, limit).await
        }
    }
}

async fn read_to(reader: impl AsyncRead + Unpin, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(one_more).read_to_end(&mut bytes).await.map_err(|_| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "The body could not be read to its end, or is not packed as Content-Encoding says. Nothing was stored.",
        )
    })?;
    if bytes.len() > limit {
        return Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "A body has at most {} MiB, unpacked. Nothing was stored; send smaller batches.",
                limit / 1024 / 1024
            ),
        ));
    }
    Ok(bytes)
}
