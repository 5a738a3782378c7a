"""The knowledge base: found by what a caller asks, written in versions; and the legal bases of a refusal."""

from dispatcher.api.models import desk as models
from dispatcher.api.routing import Call
from dispatcher.desk import citing, knowledge


async def search_knowledge(call: Call[None, models.ArticleFilter, None]) -> models.ArticleVersions:
    asked = call.query
    found = await knowledge.search(
        call.conn, asked.q, kind=asked.kind, demand=asked.demand, at=call.at, limit=asked.limit
    )
    return models.ArticleVersions(items=[models.ArticleVersion(**each) for each in found])


async def read_article(call: Call[models.ArticlePath, None, None]) -> models.ArticleVersions:
    found = await knowledge.versions(call.conn, call.params.article)
    return models.ArticleVersions(items=[models.ArticleVersion(**each) for each in found])


async def publish_article_version(
    call: Call[models.ArticlePath, None, models.NewArticleVersion],
) -> models.ArticleVersion:
    """Add a version; those before it stay as they were, for the answers that cited them."""
    article = knowledge.Article(**call.body.model_dump())
    version = await knowledge.publish(call.conn, call.params.article, article, call.viewer, call.at)
    found = await knowledge.versions(call.conn, call.params.article)
    return models.ArticleVersion(**next(each for each in found if each["version"] == version))


async def end_article_version(call: Call[models.VersionPath, None, models.VersionEnd]) -> models.ArticleVersion:
    asked = call.params
    await knowledge.end(call.conn, asked.article, asked.version, call.body.last_day)
    found = await knowledge.versions(call.conn, asked.article)
    return models.ArticleVersion(**next(each for each in found if each["version"] == asked.version))


async def list_refusal_bases(call: Call[None, None, None]) -> models.RefusalBases:
    """The legal bases in force, each with the reason that it supports."""
    found = await citing.refusal_bases(call.conn, call.at)
    return models.RefusalBases(items=[models.RefusalBasis.model_validate(each, from_attributes=True) for each in found])
